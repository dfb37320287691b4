"""The extensions of Bayeux, one class each, and the choice of those that a server offers."""
