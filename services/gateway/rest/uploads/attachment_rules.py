"""What the contact center allows agents to attach."""

from collections.abc import AsyncIterator
from fnmatch import fnmatchcase

from services.gateway.errors import RequestError, Situation
from shared.contracts.contact_center import AttachmentRules


def require_allowed(rules: AttachmentRules, name: str, media_type: str) -> None:
    """Make sure that a file of this name and kind may be attached.

    Raises:
        RequestError: It may not.
    """
    extension = name.rpartition(".")[2].lower() if "." in name else ""
    if extension in rules.forbidden_extensions:
        raise RequestError(Situation.VALUE_REFUSED, f"files named .{extension} are not allowed")
    is_allowed = not rules.allowed_types or _matches(media_type, rules.allowed_types)
    if not is_allowed or _matches(media_type, rules.forbidden_types):
        raise RequestError(Situation.VALUE_REFUSED, f"files of type {media_type} are not allowed")


def require_few(rules: AttachmentRules, count: int) -> None:
    """Make sure that a mail may have so many files.

    Raises:
        RequestError: It may not.
    """
    if count > rules.most_files:
        raise RequestError(Situation.TOO_LARGE, f"a mail has at most {rules.most_files} files")


async def measured(
    content: AsyncIterator[bytes], rules: AttachmentRules, *, in_mail: int
) -> AsyncIterator[bytes]:
    """Give a file's octets as long as they are few enough; `in_mail` have come before.

    Raises:
        RequestError: The file, or the mail with it, is too large.
    """
    size = 0
    async for piece in content:
        size += len(piece)
        require_small(rules, size, in_mail=in_mail)
        yield piece


def require_small(rules: AttachmentRules, size: int, *, in_mail: int) -> None:
    """Make sure that a file may be so large, and the mail with it.

    Raises:
        RequestError: It is too large.
    """
    if size > rules.largest_file:
        message = f"a file has at most {int(rules.largest_file)} bytes"
        raise RequestError(Situation.TOO_LARGE, message)
    if in_mail + size > rules.largest_mail:
        message = f"the files of a mail have at most {int(rules.largest_mail)} bytes together"
        raise RequestError(Situation.TOO_LARGE, message)


def _matches(media_type: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(media_type, pattern) for pattern in patterns)
