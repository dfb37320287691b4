"""Refusals use the names of the API, whatever the services call an operation."""

from typing import get_args

import pytest

from services.gateway.operations.registry import NAMES_OF_COMMANDS, ON_INTERACTIONS
from services.gateway.wire.refusals import RefusalTexts
from services.gateway.wire.states import NOT_HELD, STATES
from shared.contracts.commands import AgentCommand
from shared.contracts.events import OperationRefused
from shared.domain.lifecycle import State

TEXTS = RefusalTexts(NAMES_OF_COMMANDS)

FURTHER = ("Create", "LinkAttachment", "DELETE", "NotAReport")
"""Operations that no interaction of an agent offers."""


def refused(**fields: str) -> OperationRefused:
    return OperationRefused.model_validate(
        {
            "interaction_id": "00009A8T8Y130123",
            "agent_id": "agent1",
            "version": 0,
            "operation": "draft-reply",
            "reason": "as a service says it",
            **fields,
        }
    )


def command_types() -> list[str]:
    return sorted(get_args(one.model_fields["type"].annotation)[0] for one in commands())


def commands() -> list[type[AgentCommand]]:
    return [one for one in AgentCommand.__subclasses__() if "type" in one.model_fields]


@pytest.mark.parametrize("command", command_types())
def test_every_command_of_an_agent_has_a_name_of_the_api(command: str) -> None:
    name = TEXTS.operation(refused(operation=command))

    assert name in {*(one.name for one in ON_INTERACTIONS), *FURTHER}


def test_operation_name_of_the_agent_comes_first() -> None:
    assert TEXTS.operation(refused(asked_as="ReplyAll")) == "ReplyAll"


@pytest.mark.parametrize("state", list(State))
def test_a_wrong_state_is_named_as_agents_know_it(state: State) -> None:
    told = TEXTS.reason(refused(kind="wrong-state", state=state.value, asked_as="ReplyAll"))

    assert told == f"ReplyAll is not possible in state {STATES[state]}"


@pytest.mark.parametrize("fields", [{}, {"kind": "wrong-state"}, {"kind": "changed"}])
def test_any_other_reason_is_told_as_it_is(fields: dict[str, str]) -> None:
    assert TEXTS.reason(refused(**fields)) == "as a service says it"


def test_refusal_for_another_owner_says_so() -> None:
    reason = TEXTS.reason(refused(kind="not-owner"))

    assert reason == "Reply is for the agent who holds this interaction"
    assert NOT_HELD not in STATES.values()
