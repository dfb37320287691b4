"""`python -m services.composition`."""

from shared.runtime.lean_imports import lean_imports

with lean_imports():
    from services.composition.app import start
    from services.composition.settings import CompositionSettings
    from shared.runtime.process import run

if __name__ == "__main__":
    run("composition", CompositionSettings, start)
