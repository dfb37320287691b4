"""The gateway, the only part that agents talk to: REST takes operations, CometD brings outcomes."""
