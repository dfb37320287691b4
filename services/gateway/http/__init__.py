"""HTTP without agents: bodies, answers, conditional requests, ranges."""
