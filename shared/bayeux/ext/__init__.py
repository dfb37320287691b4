"""The extensions of Bayeux, one module each: ack, replay, timestamp, timesync."""
