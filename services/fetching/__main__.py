"""`python -m services.fetching`."""

from shared.runtime.lean_imports import lean_imports

with lean_imports():
    from services.fetching.app import start
    from services.fetching.settings import FetchingSettings
    from shared.runtime.process import run

if __name__ == "__main__":
    run("fetching", FetchingSettings, start)
