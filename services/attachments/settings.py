"""What attachments reads from its environment."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.runtime.settings import ServiceSettings


class AttachmentsSettings(ServiceSettings):
    """`prefetch` is also how many mails are in memory at once: large ones are 50 MB each."""

    model_config = SettingsConfigDict(env_prefix="ATTACHMENTS_", frozen=True, extra="ignore")

    prefetch: int = Field(default=4, ge=1, le=40, validation_alias="ATTACHMENTS_PREFETCH")
