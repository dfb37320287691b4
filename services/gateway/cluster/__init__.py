"""The pods of the gateway: their addresses, and requests from one to another."""
