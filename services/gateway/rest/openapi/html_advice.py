"""Advice for pages that show the HTML of a mail: how to keep it inside its container."""

from typing import Final

from services.gateway.wire.mail_page import SANDBOX, VIEW_SANDBOX

FRAME_POLICY: Final = "default-src 'none'; img-src data: blob: 'self'; style-src 'unsafe-inline'"
"""The Content-Security-Policy at the top of the document in the frame."""

BOX_STYLE: Final = (
    "position:relative;isolation:isolate;contain:content;overflow:auto;"
    "max-width:100%;max-height:60vh"
)
"""The style of an element that contains a mail without a frame: nothing of the mail is drawn or
clicked outside of it."""

HTML_ADVICE: Final = f"""\
The HTML of a mail (`structured_text`) was written by a stranger. It is stored cleaned: what runs, \
loads, submits, moves out of its box or grows without bound is removed. Text and images may still \
be large: show them in a container that they cannot leave. The easiest is \
`GET /ucs/interactions/{{id}}/view`, a page with a policy of its own and the pictures of the \
mail, in `<iframe sandbox="{VIEW_SANDBOX}" src="…/view">` on a page of the same origin. Elsewhere \
a frame is best, `<iframe sandbox="{SANDBOX}" srcdoc="…">`, whose document begins with \
`<meta http-equiv="Content-Security-Policy" content="{FRAME_POLICY}">`. A page that includes \
the HTML directly puts it into an element of its own with the style `{BOX_STYLE}`.
"""
