"""Composition's settings, from the environment."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.runtime.settings import ServiceSettings


class CompositionSettings(ServiceSettings):
    """The settings of drafts and answers."""

    model_config = SettingsConfigDict(env_prefix="COMPOSITION_", frozen=True, extra="ignore")

    reply_all_includes_to: bool = Field(
        default=False,
        description="Whether ReplyAll puts the other To recipients of the original into Cc, beside "
        "its Cc recipients.",
    )
