"""`python -m services.gateway`."""

from shared.runtime.lean_imports import lean_imports

with lean_imports():
    from services.gateway.app import start
    from services.gateway.settings import GatewaySettings
    from shared.runtime.process import run

if __name__ == "__main__":
    run("gateway", GatewaySettings, start)
