"""Writes the list that `mailroom settings` prints: `python -m deploy.setting_list`.

The console's image holds no other service, so the command reads a file.
"""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from pydantic_settings import BaseSettings

from services.attachments.settings import AttachmentsSettings
from services.composition.settings import CompositionSettings
from services.console.commands.settings import FILE
from services.console.settings import ConsoleSettings
from services.fetching.settings import FetchingSettings
from services.gateway.settings import GatewaySettings
from services.ingest.settings import IngestSettings
from services.outbound.settings import OutboundSettings
from services.routing.settings import RoutingSettings
from shared.runtime.setting_list import Setting, describe

_PROGRAMS: Final[Mapping[str, type[BaseSettings]]] = MappingProxyType(
    {
        "ingest": IngestSettings,
        "fetching": FetchingSettings,
        "attachments": AttachmentsSettings,
        "routing": RoutingSettings,
        "composition": CompositionSettings,
        "outbound": OutboundSettings,
        "gateway": GatewaySettings,
        "console": ConsoleSettings,
    }
)


def current_settings() -> list[Setting]:
    """Return the settings of all programs, as their classes describe them."""
    return describe(_PROGRAMS)


def main() -> None:
    """Bring the file up to date."""
    content = [one.model_dump(mode="json", exclude_defaults=True) for one in current_settings()]
    FILE.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    print(f"{FILE.name}: {len(content)} settings written")


if __name__ == "__main__":
    main()
