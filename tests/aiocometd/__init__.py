"""aiocometd-ng, a CometD client in Python, driven from tests."""

from tests.aiocometd.client import PythonAgent

__all__ = ["PythonAgent"]
