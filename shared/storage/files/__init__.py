"""Contents of files, each stored once, and the documents that refer to them."""
