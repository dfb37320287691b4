"""To whom browsers show our cookies."""

from dataclasses import dataclass
from typing import Literal

SameSite = Literal["Lax", "Strict", "None"]
"""To whom browsers show the cookies: None for pages of other sites as well, over TLS only."""


@dataclass(frozen=True, slots=True)
class CookiePolicy:
    """How cookies are marked.

    A page of another site has a jar of its own for those that are `partitioned` (CHIPS). Browsers
    that block third-party cookies keep no others of them; where no pages of other sites are served
    the mark would have no meaning, and is left out.
    """

    secure: bool = False
    same_site: SameSite = "Lax"
    partitioned: bool = True

    @property
    def is_partitioned(self) -> bool:
        """Tell whether the mark is set."""
        return self.partitioned and self.secure and self.same_site == "None"

    def cookie(self, name: str, value: str) -> str:
        """Return the Set-Cookie value that leaves a cookie in a browser."""
        marks = "; Secure" if self.secure else ""
        marks += "; Partitioned" if self.is_partitioned else ""
        return f"{name}={value}; Path=/; HttpOnly; SameSite={self.same_site}{marks}"
