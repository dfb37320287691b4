"""`python -m services.routing`."""

from shared.runtime.lean_imports import lean_imports

with lean_imports():
    from services.routing.app import start
    from services.routing.settings import RoutingSettings
    from shared.runtime.process import run

if __name__ == "__main__":
    run("routing", RoutingSettings, start)
