"""What every service may rely on: the domain, the contracts, the broker, the store."""
