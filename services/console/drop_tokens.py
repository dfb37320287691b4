"""Makes tokens for programs that hand in mail by HTTP."""

import secrets
from hashlib import sha256
from typing import Final

from pydantic import TypeAdapter, ValidationError

from services.console.exit_codes import Exit, NotPossibleError
from shared.contracts.description.sections import Name

# 256 random bits: nobody guesses one, so its digest needs no salt and no slow hash.
_OCTETS: Final = 32


def make_token(name: str) -> str:
    """Return a new token of 256 random bits, and the entry of the description that knows it.

    Raises:
        NotPossibleError: The name is none that the description takes.
    """
    try:
        TypeAdapter(Name).validate_python(name)
    except ValidationError as error:
        reason = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise NotPossibleError(f"{name!r}: {reason}", Exit.BAD_FILE) from error
    token = secrets.token_urlsafe(_OCTETS)
    digest = sha256(token.encode()).hexdigest()
    return (
        f"token, shown only now: {token}\n"
        "for contact-center.yaml:\n"
        f"tokens:\n  - {{name: {name}, sha256: {digest}}}\n"
    )
