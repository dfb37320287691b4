"""The only part agents talk to: REST answers at once, CometD tells what really happened."""
