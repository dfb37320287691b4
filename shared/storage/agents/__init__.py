"""Agents, their logins and their presence."""
