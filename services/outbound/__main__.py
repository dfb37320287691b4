"""`python -m services.outbound`."""

from services.outbound.app import start
from services.outbound.settings import OutboundSettings
from shared.runtime.process import run

if __name__ == "__main__":
    run("outbound", OutboundSettings, start)
