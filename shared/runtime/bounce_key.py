"""The secret for tokens in bounce addresses, as ingest and outbound read it."""

from typing import Annotated, Final

from pydantic import AfterValidator, SecretStr

BOUNCE_KEY: Final = "MAILROOM_BOUNCE_KEY"
_SHORTEST: Final = 32


def _long_enough(key: SecretStr) -> SecretStr:
    if 0 < len(key.get_secret_value()) < _SHORTEST:
        raise ValueError(f"at least {_SHORTEST} characters are needed: try `openssl rand -hex 32`")
    return key


BounceKey = Annotated[SecretStr, AfterValidator(_long_enough)]
