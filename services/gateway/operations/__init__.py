"""The operations of the agent API: one module defines one operation, `registry` lists them."""
