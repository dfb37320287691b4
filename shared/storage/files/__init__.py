"""Contents of files, each kept once, and the documents that name them."""
