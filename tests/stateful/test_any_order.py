"""Three agents do anything in any order while things break: what they see stays true.

Hypothesis chooses the steps and shrinks a run that fails. `STATEFUL_RUNS` and `STATEFUL_STEPS`
make it longer, with other steps each time; `make soak` does.
"""

import asyncio
import os
from collections.abc import Coroutine
from functools import partial
from typing import Any, ClassVar, Final, NamedTuple

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from tests.stateful.simulation import IS_LONG, Simulation
from tests.stateful.steps import Steps

pytestmark = [pytest.mark.connected, pytest.mark.faults, pytest.mark.journey]

_RUNS: Final = int(os.environ.get("STATEFUL_RUNS", "3"))
_STEPS: Final = int(os.environ.get("STATEFUL_STEPS", "20"))
_STEP_SECONDS: Final = 150

NUMBERS: Final = st.integers(0, 999)
AGENTS: Final = st.integers(0, 2)
PRESENCES: Final = st.sampled_from(
    ["Ready", "Ready", "NotReady", "OutToLunch", "EndContactCenterSession"]
)
SERVICES: Final = st.sampled_from(["routing", "composition", "outbound", "gateway", "attachments"])
SERVERS: Final = st.sampled_from(["broker", "database"])


class Step(NamedTuple):
    """A method of `Steps` and its arguments."""

    name: str
    arguments: tuple[Any, ...]


def step(name: str, *arguments: st.SearchStrategy[Any]) -> st.SearchStrategy[Step]:
    return st.builds(Step, st.just(name), st.tuples(*arguments))


# One rule for all: among rules Hypothesis chooses a few for each run, and we have few runs.
STEPS: Final = st.one_of(
    *(step("work", NUMBERS, NUMBERS) for _ in range(8)),
    *(step("arrive") for _ in range(2)),
    *(step("become", AGENTS, PRESENCES) for _ in range(2)),
    *(step("race", NUMBERS, NUMBERS, NUMBERS) for _ in range(2)),
    step("work_while_killed", NUMBERS, NUMBERS, SERVICES),
    *([step("work_while_killed", NUMBERS, NUMBERS, SERVERS)] if IS_LONG else []),
    step("create", AGENTS),
    step("cut", AGENTS),
    step("reload", AGENTS),
)


class AgentsInAnyOrder(RuleBasedStateMachine):
    """Takes every step on the loop that the system runs on."""

    simulation: ClassVar[Simulation]
    loop: ClassVar[asyncio.AbstractEventLoop]

    def __init__(self) -> None:
        super().__init__()
        self._steps = Steps(self.simulation)

    @initialize()
    def begin(self) -> None:
        self._wait_for(self._steps.begin())

    @rule(taken=STEPS)
    def take(self, taken: Step) -> None:
        self._wait_for(getattr(self._steps, taken.name)(*taken.arguments))

    def _wait_for(self, step: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(step, self.loop).result(_STEP_SECONDS)


@pytest.mark.timeout(24 * 3600 if IS_LONG else 600)
async def test_agents_see_the_true_state_after_any_order_of_steps(
    simulation: Simulation,
) -> None:
    class Machine(AgentsInAnyOrder):
        """This simulation's machine."""

    Machine.simulation, Machine.loop = simulation, asyncio.get_running_loop()
    run = partial(
        run_state_machine_as_test,
        Machine,
        settings=settings(
            max_examples=_RUNS,
            stateful_step_count=_STEPS,
            derandomize=not IS_LONG,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    try:
        await asyncio.to_thread(run)
    finally:
        print(dict(sorted(simulation.tally.items())))
