"""Small mails with ids that tests can count."""


def mail(number: int, *, text: str = "Hello", subject: str = "") -> bytes:
    """Return a mail whose Message-ID is `<m<number>@example.org>`."""
    return (
        f"Return-Path: <ann@example.org>\r\nFrom: Ann <ann@example.org>\r\n"
        f"To: support@demo.example\r\nSubject: {subject or f'Mail {number}'}\r\n"
        f"Message-ID: {message_id(number)}\r\nDate: Sun, 29 Nov 2026 12:00:00 +0000\r\n"
        f"\r\n{text}\r\n"
    ).encode()


def message_id(number: int) -> str:
    """Return the Message-ID of a mail of that number."""
    return f"<m{number}@example.org>"
