"""Every method of every address, with its parameters, body and answer: one module a group."""
