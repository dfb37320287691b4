"""What composition reads from its environment."""

from pydantic_settings import SettingsConfigDict

from shared.runtime.settings import ServiceSettings


class CompositionSettings(ServiceSettings):
    """`reply_all_includes_to` puts the original's other To into Cc; seed 001 has its Cc only."""

    model_config = SettingsConfigDict(env_prefix="COMPOSITION_", frozen=True, extra="ignore")

    reply_all_includes_to: bool = False
