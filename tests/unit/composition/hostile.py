"""Texts that want to become a header, or end the block of headers."""

import base64

INNER = "x\r\nReply-To: evil@example.org\r\nContent-Type: text/html\r\n\r\n<h1>evil</h1>"


def in_q(text: str) -> str:
    """Return an encoded word in quoted-printable."""
    return "=?utf-8?q?" + "".join(f"={octet:02X}" for octet in text.encode()) + "?="


def in_b(text: str) -> str:
    """Return an encoded word in base64."""
    return f"=?utf-8?b?{base64.b64encode(text.encode()).decode()}?="


TEXTS = (
    in_q(INNER),
    in_b(INNER),
    in_q(in_q(INNER)),
    f"Re: {in_q('a')} {in_b(INNER)}",
    f"{in_q(INNER)} =?utf-8?q?" + "x" * 200,
    "=?utf-8?q?=0D=0A?= =?us-ascii?q?=0D=0AX:_y?=",
    "=?unknown-8bit?q?=0D=0A=0D=0A?=",
    "=?utf-8*en?q?=0AX:y?=",
    INNER,
    "a\rb",
    "a\nb",
    "a\0b",
    *(f"a{mark}b" for mark in "\x0b\x0c\x1c\x1d\x1e\x1f\x7f\x85\u2028\u2029\t\ufeff"),
    "\ud800",
    "\udc80\r\n",
    "=?",
    "?=",
    " ",
    "",
    "  two   blanks  ",
    "word " * 100,
    "w" * 2000,
    "名前" * 300,
    "ä" * 40 + in_q(INNER),
    "(\r\n)",
    '"\\\r\n"',
)
