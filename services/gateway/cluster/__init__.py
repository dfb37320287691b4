"""The pods of the gateway: where each is, and how one asks another."""
