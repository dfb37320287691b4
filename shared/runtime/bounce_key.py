"""The secret for tokens in bounce addresses, as ingest and outbound read it."""

from typing import Annotated, Final

from pydantic import AfterValidator, Field, SecretStr

BOUNCE_KEY: Final = "MAILROOM_BOUNCE_KEY"
# Characters: 128 bits where they are hexadecimal digits.
_SHORTEST: Final = 32


def _long_enough(key: SecretStr) -> SecretStr:
    if 0 < len(key.get_secret_value()) < _SHORTEST:
        raise ValueError(f"at least {_SHORTEST} characters are needed: try `openssl rand -hex 32`")
    return key


BounceKey = Annotated[
    SecretStr,
    AfterValidator(_long_enough),
    Field(
        validation_alias=BOUNCE_KEY,
        description="Secret that ingest and outbound share, at least 32 characters. Tokens made "
        "with it stand in the bounce addresses of sent mail and prove its reports. Without it "
        "reports are matched by their words alone.",
    ),
]
"""The setting of both services; it is the same, so `mailroom settings` lists it once."""
