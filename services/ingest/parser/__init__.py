"""The parser in processes of its own, which can be killed."""
