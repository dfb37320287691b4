"""What an operator can see: logs, metrics, probes."""
