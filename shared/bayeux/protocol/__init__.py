"""The pure protocol: handshake, connect, subscribe; no I/O and no clock."""
