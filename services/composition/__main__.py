"""`python -m services.composition`."""

from services.composition.app import start
from services.composition.settings import CompositionSettings
from shared.runtime.process import run

if __name__ == "__main__":
    run("composition", CompositionSettings, start)
