"""How a page shows the HTML of a mail so that it stays where it is put."""

from typing import Final

SANDBOX: Final = "allow-popups allow-popups-to-escape-sandbox"
"""The frame's `sandbox`: links open elsewhere, and nothing runs or submits."""

POLICY: Final = "default-src 'none'; img-src data: blob: 'self'; style-src 'unsafe-inline'"
"""The Content-Security-Policy at the top of what is shown in the frame."""

BOX: Final = (
    "position:relative;isolation:isolate;contain:content;overflow:auto;"
    "max-width:100%;max-height:60vh"
)
"""The style of the element around a mail in the page itself: none of it is drawn or clicked
outside of that element."""

WORDS: Final = f"""\
The HTML of a mail (`structured_text`) is a stranger's. It is stored cleaned: what runs, loads, \
submits, moves out of its box or grows without bound is gone. Words and pictures may be long \
even so: show them in a container that they cannot leave. The best is a frame, \
`<iframe sandbox="{SANDBOX}" srcdoc="…">`, whose document begins with \
`<meta http-equiv="Content-Security-Policy" content="{POLICY}">`. A page that takes the HTML into \
itself gives it an element of its own with the style `{BOX}`.
"""
