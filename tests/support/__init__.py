"""Helpers that several folders of tests share; fixtures stay in the conftest of a folder."""
