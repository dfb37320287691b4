"""A stranger's HTML: balanced, filtered, turned into text."""
