"""The JSON Schema of every command and event in its envelope, for readers without Python."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from shared.contracts import commands, events
from shared.contracts.envelope import Contract, Envelope

FOLDER: Final = Path(__file__).with_name("schemas")
"""The folder of the schemas, one file `<address>.json` each; `mailroom schemas` writes them."""

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

Schema = Mapping[str, Any]


class FieldLostError(Exception):
    """A contract has lost a field that another release relies on: give it a new address."""


def contracts() -> list[type[Contract]]:
    """Return every command and event that has an address, sorted by address."""
    found = {
        one.address: one
        for module in (commands, events)
        for one in vars(module).values()
        if isinstance(one, type) and issubclass(one, Contract) and "address" in vars(one)
    }
    return [found[address] for address in sorted(found)]


def schema_of(contract: type[Contract]) -> Schema:
    """Return the schema of a contract in its envelope."""
    schema = Envelope[contract].model_json_schema()  # type: ignore[valid-type]
    return {"$schema": _DIALECT, "$id": f"urn:mailroom:{contract.address}", **schema}


def write_schemas(folder: Path = FOLDER) -> list[str]:
    """Bring the files up to date; return the names of the changed ones.

    Raises:
        FieldLostError: A field, or a whole contract, would disappear. Nothing is written.
    """
    wanted = {f"{one.address}.json": schema_of(one) for one in contracts()}
    present = {file.name: json.loads(file.read_text()) for file in folder.glob("*.json")}
    lost = [
        f"{name}: {field} would disappear"
        for name, schema in present.items()
        for field in lost_fields(schema, wanted.get(name, {}))
    ]
    if lost:
        raise FieldLostError("\n".join(sorted(lost)))
    stale = [name for name, schema in wanted.items() if present.get(name) != schema]
    folder.mkdir(parents=True, exist_ok=True)
    for name in stale:
        (folder / name).write_text(json.dumps(wanted[name], indent=2) + "\n")
    return stale


def lost_fields(before: Schema, after: Schema) -> list[str]:
    """Return the fields that one schema has and another has not, as `Model.field`."""
    present = set(_fields(after))
    return [field for field in _fields(before) if field not in present]


def _fields(schema: Schema) -> Iterator[str]:
    models = {"envelope": schema, **schema.get("$defs", {})}
    for name, model in models.items():
        for field in model.get("properties", {}):
            yield f"{name}.{field}"
