"""`python -m services.console`, which is `mailroom`."""

from shared.runtime.lean_imports import lean_imports

with lean_imports():
    from services.console.command_line import main

__all__ = ["main"]

if __name__ == "__main__":
    main()
