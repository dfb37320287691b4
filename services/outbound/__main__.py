"""`python -m services.outbound`."""

from shared.runtime.lean_imports import lean_imports

with lean_imports():
    from services.outbound.app import start
    from services.outbound.settings import OutboundSettings
    from shared.runtime.process import run

if __name__ == "__main__":
    run("outbound", OutboundSettings, start)
