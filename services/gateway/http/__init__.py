"""HTTP helpers that know nothing of agents: bodies, answers, preconditions, ranges."""
