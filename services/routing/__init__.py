"""Who gets what, and when it is taken back."""
