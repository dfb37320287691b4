"""The measurements of `mailroom doctor`, and the findings from them."""
