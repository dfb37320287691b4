"""What the CometD server is told of this gateway: headers of its clients, names of its settings."""

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
        "browsers show no cookie to pages of another site: set GATEWAY_COOKIE_SAME_SITE=None and "
        "GATEWAY_SECURE_COOKIES=true, and serve https"
    ),
    not_partitioned=(
        "browsers that block third-party cookies keep none for pages of another site: set "
        "GATEWAY_COOKIE_PARTITIONED=true"
    ),
    blocked=(
        "the browser keeps no cookies for this page: GATEWAY_TRUST_CLIENT_ID=true lets it poll "
        "without"
    ),
    needs_https=(
        "with GATEWAY_SECURE_COOKIES=true browsers return cookies over https only: serve https"
    ),
    not_kept=(
        "the client has to return the cookie BAYEUX_BROWSER of its handshake; "
        "GATEWAY_TRUST_CLIENT_ID=true lets it poll without"
    ),
    not_welcome=(
        "pages of this origin are refused: add it to GATEWAY_ALLOWED_ORIGINS if they are a desktop"
    ),
)
