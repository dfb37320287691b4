"""From the journal to CometD: the messages for each agent's clients, in order."""
