"""The arguments of `mailroom`: a module for the commands about one subject."""
