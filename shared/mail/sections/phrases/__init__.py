"""The phrases by which mail programs mark quoted mail, by language.

To teach the reader a language, add one row to the table of its script.
"""
