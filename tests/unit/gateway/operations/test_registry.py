"""A forgotten part of an operation is found when its module is imported."""

import pkgutil
from dataclasses import replace
from importlib import import_module

import pytest
from pydantic import ValidationError

from services.gateway import operations
from services.gateway.operations.assignment.accept import ACCEPT
from services.gateway.operations.definition import OperationDefinition, OperationDescription
from services.gateway.operations.drafts.reply import REPLY
from services.gateway.operations.drafts.save import UPDATE
from services.gateway.operations.registry import (
    ON_INTERACTIONS,
    PERMISSIONS,
    WITHOUT_INTERACTION,
    by_name,
    by_operation,
)
from services.gateway.operations.rules import FOR_READER
from shared.domain.lifecycle import Operation

PARTS = ("name", "summary", "permission", "parameters", "command", "prepare", "answer")


@pytest.mark.parametrize("part", PARTS)
def test_definition_without_a_part_is_refused(part: str) -> None:
    parts = {name: getattr(ACCEPT, name) for name in PARTS if name != part}

    with pytest.raises(TypeError, match=part):
        OperationDefinition(**parts)


def test_example_that_lacks_a_parameter_is_refused() -> None:
    with pytest.raises(ValidationError, match="queueName"):
        replace(REPLY, example={})


def test_operation_of_agents_without_definition_is_named() -> None:
    others = [one for one in PERMISSIONS.values() if one.operation is not Operation.SEND]

    with pytest.raises(ImportError, match="send: define it"):
        by_operation(others)


def test_operation_with_two_permissions_is_named() -> None:
    other = replace(PERMISSIONS[Operation.SEND], rule=FOR_READER)

    with pytest.raises(ImportError, match="send has two permissions"):
        by_operation([*PERMISSIONS.values(), other])


def test_operation_that_no_state_allows_is_named() -> None:
    of_the_system = replace(PERMISSIONS[Operation.SEND], operation=Operation.REVOKE)

    with pytest.raises(ImportError, match="revoke: add the steps"):
        by_operation([*PERMISSIONS.values(), of_the_system])


def test_name_of_two_operations_is_refused() -> None:
    with pytest.raises(ImportError, match="Accept is a name of two operations"):
        by_name([*ON_INTERACTIONS, replace(REPLY, name="Other", aliases=("Accept",))])


def test_every_definition_is_listed() -> None:
    modules = [
        import_module(one.name)
        for one in pkgutil.walk_packages(operations.__path__, "services.gateway.operations.")
    ]
    defined = [
        one.name
        for module in modules
        for one in vars(module).values()
        if isinstance(one, OperationDescription)
    ]

    assert {one.name for one in (*ON_INTERACTIONS, *WITHOUT_INTERACTION, UPDATE)} == set(defined)
