"""Advice for the log about pages and clients that cannot connect, in the names of our settings."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Remedies:
    """One sentence for each cause; an application may pass sentences that name its own settings.

    Attributes:
        not_for_other_sites: A page of another site, and cookies are not `SameSite=None`.
        not_partitioned: A page of another site, and cookies are not `Partitioned`.
        blocked: A page of another site, whose browser keeps no cookies at all.
        needs_https: Cookies are `Secure`, and the page was loaded by http.
        not_kept: Any other client that does not return its cookie.
        log_in_first: A page opens a socket and has no login cookie.
        not_welcome: A page whose origin is not allowed.
    """

    not_for_other_sites: str = (
        "browsers show no cookie to pages of another site: make cookies Secure and SameSite=None, "
        "and serve https"
    )
    not_partitioned: str = (
        "browsers that block third-party cookies keep none for pages of another site: make "
        "cookies Partitioned"
    )
    blocked: str = (
        "the browser keeps no cookies for this page: with trusts_client_id it may poll without"
    )
    needs_https: str = "browsers return Secure cookies over https only: serve https"
    not_kept: str = (
        "the client has to return the cookie BAYEUX_BROWSER of its handshake; "
        "with trusts_client_id it may poll without"
    )
    log_in_first: str = (
        "a page's socket shows its login by cookie only: log in by a request that includes "
        "credentials"
    )
    not_welcome: str = "pages of this origin are refused: add it to allowed_origins to serve them"
