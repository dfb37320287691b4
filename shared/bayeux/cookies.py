"""The attributes of the cookies that the server sets."""

from dataclasses import dataclass
from typing import Literal

SameSite = Literal["Lax", "Strict", "None"]
"""The attribute `SameSite`; None sends cookies for pages of other sites too, over TLS only."""


@dataclass(frozen=True, slots=True)
class CookiePolicy:
    """The attributes of cookies.

    With `partitioned` (CHIPS) the browser keeps a separate cookie for each embedding site. Browsers
    that block third-party cookies accept no others from pages of another site. The attribute is
    left out unless `same_site` is None and `secure` is set: it has no meaning otherwise.
    """

    secure: bool = False
    same_site: SameSite = "Lax"
    partitioned: bool = True

    @property
    def is_partitioned(self) -> bool:
        """Tell whether cookies get the attribute `Partitioned`."""
        return self.partitioned and self.secure and self.same_site == "None"

    def cookie(self, name: str, value: str) -> str:
        """Return the value of a `Set-Cookie` header."""
        marks = "; Secure" if self.secure else ""
        marks += "; Partitioned" if self.is_partitioned else ""
        return f"{name}={value}; Path=/; HttpOnly; SameSite={self.same_site}{marks}"
