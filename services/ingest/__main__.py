"""`python -m services.ingest`."""

from services.ingest.app import start
from services.ingest.settings import IngestSettings
from shared.runtime.process import run

if __name__ == "__main__":
    run("ingest", IngestSettings, start)
