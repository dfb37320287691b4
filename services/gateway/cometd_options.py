"""Options that the gateway hands to the CometD server: allowed headers, and advice for its log."""

from typing import Final

from shared.bayeux.remedies import Remedies

ALLOWED_HEADERS: Final = (
    "Content-Type",
    "Accept",
    "Authorization",
    "X-Requested-With",
    "X-CSRF-TOKEN",
    "ssid",
    "surl",
)

REMEDIES: Final = Remedies(
    not_for_other_sites=(
        "browsers send no cookie from pages of another site: set GATEWAY_COOKIE_SAME_SITE=None "
        "and GATEWAY_SECURE_COOKIES=true, and serve https"
    ),
    not_partitioned=(
        "a browser that blocks third-party cookies keeps none for pages of another site: set "
        "GATEWAY_COOKIE_PARTITIONED=true"
    ),
    blocked=(
        "the browser keeps no cookies for this page: set GATEWAY_TRUST_CLIENT_ID=true to let it "
        "poll without"
    ),
    needs_https=(
        "with GATEWAY_SECURE_COOKIES=true browsers return cookies over https only: serve https"
    ),
    not_kept=(
        "have the client return the cookie BAYEUX_BROWSER of its handshake, or set "
        "GATEWAY_TRUST_CLIENT_ID=true to let it poll without"
    ),
    not_welcome=(
        "pages of this origin are refused: add it to GATEWAY_ALLOWED_ORIGINS to serve them"
    ),
)
