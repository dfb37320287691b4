"""What the log advises where pages and clients get nowhere, in the names of these settings."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Remedies:
    """One sentence for each reason; an application hands in sentences that name its own settings.

    `not_for_other_sites` and `not_partitioned`, `blocked` are for pages of another site, whose
    browser keeps or shows no cookie; `needs_https` for cookies that only https brings back;
    `not_kept` for all other clients; `log_in_first` for a page's socket without a login;
    `not_welcome` for a page of an origin that is refused.
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
