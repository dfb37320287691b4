"""Decides what becomes of an arrived mail: an operator's rules, and whether it is acknowledged."""
