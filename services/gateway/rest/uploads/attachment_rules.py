"""Checks uploads against the attachment rules of the contact center."""

from collections.abc import AsyncIterator
from fnmatch import fnmatchcase

from services.gateway.errors import RequestError, Situation
from shared.contracts.description.files import AttachmentRules


def require_allowed(rules: AttachmentRules, name: str, media_type: str) -> None:
    """Check that a file of this name and media type may be attached.

    Raises:
        RequestError: Its extension or its media type is not allowed.
    """
    extension = name.rpartition(".")[2].lower() if "." in name else ""
    if extension in rules.forbidden_extensions:
        raise RequestError(Situation.VALUE_REFUSED, f"files named .{extension} are not allowed")
    is_allowed = not rules.allowed_types or _matches(media_type, rules.allowed_types)
    if not is_allowed or _matches(media_type, rules.forbidden_types):
        raise RequestError(Situation.VALUE_REFUSED, f"files of type {media_type} are not allowed")


def require_file_count(rules: AttachmentRules, count: int) -> None:
    """Check that a mail may have this many files.

    Raises:
        RequestError: They are too many.
    """
    if count > rules.most_files:
        raise RequestError(Situation.TOO_LARGE, f"a mail has at most {rules.most_files} files")


async def limited(
    content: AsyncIterator[bytes], rules: AttachmentRules, *, in_mail: int
) -> AsyncIterator[bytes]:
    """Yield the octets of a file up to its limits; `in_mail` are those of the other files.

    Raises:
        RequestError: The file, or the mail with it, is too large.
    """
    size = 0
    async for piece in content:
        size += len(piece)
        require_file_size(rules, size, in_mail=in_mail)
        yield piece


def require_file_size(rules: AttachmentRules, size: int, *, in_mail: int) -> None:
    """Check that a file, and the mail with it, may have this size in bytes.

    Raises:
        RequestError: One of them is too large.
    """
    if size > rules.largest_file:
        message = f"a file has at most {int(rules.largest_file)} bytes"
        raise RequestError(Situation.TOO_LARGE, message)
    if in_mail + size > rules.largest_mail:
        message = f"the files of a mail have at most {int(rules.largest_mail)} bytes together"
        raise RequestError(Situation.TOO_LARGE, message)


def _matches(media_type: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(media_type, pattern) for pattern in patterns)
