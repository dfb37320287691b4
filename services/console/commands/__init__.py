"""One module for each command of `mailroom`."""
