"""How much a fuzz test tries: a little in `make test`, as much as wanted by `make fuzz`."""

import os

from hypothesis import HealthCheck, settings

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "100"))
"""Examples of each fuzz test. `make fuzz` sets it."""

BUDGET = settings(
    max_examples=EXAMPLES,
    deadline=None,  # a slow machine is no fault of the input
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
"""The decorator of every fuzz test."""
