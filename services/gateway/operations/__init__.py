"""What agents may ask of an interaction: checked here, decided by the service that owns it."""
