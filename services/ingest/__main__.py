"""`python -m services.ingest`."""

from shared.runtime.lean_imports import lean_imports

with lean_imports():
    from services.ingest.app import start
    from services.ingest.settings import IngestSettings
    from shared.runtime.process import run

if __name__ == "__main__":
    run("ingest", IngestSettings, start)
