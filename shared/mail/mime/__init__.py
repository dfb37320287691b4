"""The formats of MIME: structure, encodings, character sets, parameters."""
