"""An agent's desktop that was built on aiocometd-ng."""

import sys
from pathlib import Path

from tests.cometd_client import CometdAgent


class PythonAgent(CometdAgent):
    """aiocometd-ng in a process of its own; takes the same orders as the official client."""

    folder = Path(__file__).parent
    package = ""
    command = (sys.executable, "agent.py")
