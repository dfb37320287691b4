"""REST and CometD: the only part that agents talk to."""
