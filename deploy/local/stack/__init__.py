"""All services, supervised, on two servers and before one mail sink."""
