"""From the journal to CometD: what each agent's clients are told, in order."""
