"""`python -m services.attachments`."""

from services.attachments.app import start
from services.attachments.settings import AttachmentsSettings
from shared.runtime.process import run

if __name__ == "__main__":
    run("attachments", AttachmentsSettings, start)
