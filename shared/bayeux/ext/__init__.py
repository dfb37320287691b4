"""The extensions replay and timesync; ack and timestamp are parts of the protocol's modules."""
