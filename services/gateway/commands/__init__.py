"""Commands to the services that own the data, and the promises made for them."""
