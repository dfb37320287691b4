"""Files that agents attach: forms read as they come, media types, limits."""
