"""The published schemas are those of the code, and no field ever disappears from them."""

import json
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import pytest

from shared.contracts.commands import DeliverMail
from shared.contracts.envelope import Cause
from shared.contracts.outgoing import wrap
from shared.contracts.schemas import (
    FOLDER,
    FieldLostError,
    contracts,
    lost_fields,
    schema_of,
    write_schemas,
)


def test_the_committed_files_are_what_the_code_says() -> None:
    committed = {file.name: json.loads(file.read_text()) for file in FOLDER.iterdir()}

    assert committed == {f"{one.address}.json": schema_of(one) for one in contracts()}


def test_commands_and_events_are_all_there() -> None:
    addresses = [one.address for one in contracts()]

    assert "outbound.deliver-mail.v1" in addresses
    assert "interaction.invited.v1" in addresses
    assert len(addresses) == len(set(addresses))


def test_a_message_on_the_wire_fits_its_schema() -> None:
    message = wrap(DeliverMail(interaction_id="1"), Cause(), datetime.now(UTC))

    jsonschema.validate(json.loads(message.body), schema_of(DeliverMail))


def test_writing_twice_writes_once(tmp_path: Path) -> None:
    first = write_schemas(tmp_path)
    second = write_schemas(tmp_path)

    assert len(first) == len(contracts())
    assert second == []


def test_a_field_that_would_disappear_stops_the_writing(tmp_path: Path) -> None:
    write_schemas(tmp_path)
    file = tmp_path / "outbound.deliver-mail.v1.json"
    before = json.loads(file.read_text())
    before["$defs"]["DeliverMail"]["properties"]["priority"] = {"type": "integer"}
    file.write_text(json.dumps(before))

    with pytest.raises(FieldLostError, match=r"DeliverMail\.priority would disappear"):
        write_schemas(tmp_path)

    assert json.loads(file.read_text()) == before


def test_a_contract_that_would_disappear_stops_the_writing(tmp_path: Path) -> None:
    old = {"properties": {"id": {"type": "string"}}}
    (tmp_path / "outbound.forget-mail.v1.json").write_text(json.dumps(old))

    with pytest.raises(FieldLostError, match=r"outbound\.forget-mail\.v1\.json"):
        write_schemas(tmp_path)


def test_a_new_field_is_no_loss() -> None:
    before = {"properties": {"id": {}}, "$defs": {"Body": {"properties": {"a": {}}}}}
    after = {"properties": {"id": {}}, "$defs": {"Body": {"properties": {"a": {}, "b": {}}}}}

    assert lost_fields(before, after) == []
    assert lost_fields(after, before) == ["Body.b"]
