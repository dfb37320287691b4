"""`python -m services.attachments`."""

from shared.runtime.lean_imports import lean_imports

with lean_imports():
    from services.attachments.app import start
    from services.attachments.settings import AttachmentsSettings
    from shared.runtime.process import run

if __name__ == "__main__":
    run("attachments", AttachmentsSettings, start)
