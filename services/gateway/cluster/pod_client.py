"""The HTTP client for other pods; imported when the first request is forwarded."""

from datetime import timedelta
from http import HTTPStatus
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final

import httpx2
import structlog

from services.gateway.cluster.pod_request import headers_for_pod, target_for_pod
from services.gateway.cluster.pod_socket import CONNECT_TIMEOUT
from shared.bayeux import Answer, Request

log = structlog.get_logger()

_DROPPED_HEADERS: Final = frozenset(
    {
        b"connection",
        b"content-length",
        b"date",
        b"keep-alive",
        b"trailer",
        b"transfer-encoding",
        b"x-content-type-options",
    }
)
"""Headers of one connection (RFC 9110 section 7.6.1), and those that are written anew."""

_STATUSES: Final = frozenset(status for status in HTTPStatus if status >= HTTPStatus.OK)
_DISCONNECTED: Final = "disconnected without sending a response"
_CANNOT_FORWARD: Final = Answer(400)
_BAD_GATEWAY: Final = Answer(502)


class PodClient:
    """Hands requests on to other pods; one has `patience` to answer."""

    def __init__(self, patience: timedelta) -> None:
        self._client = httpx2.AsyncClient(
            timeout=httpx2.Timeout(patience.total_seconds(), connect=CONNECT_TIMEOUT),
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=100),
            # The jar keeps nothing: each request has the cookies of its own client only.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            trust_env=False,
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def forward(self, url: str, request: Request) -> Answer | None:
        """Return the answer of the pod at an address; None where it does not answer."""
        try:
            response = await self._client.send(_forwarded_request(url, request))
        except httpx2.LocalProtocolError as error:
            log.warning("a request cannot be forwarded", reason=str(error))
            return _CANNOT_FORWARD
        except httpx2.HTTPError as error:
            log.warning("a pod does not answer", url=url, reason=type(error).__name__)
            return _BAD_GATEWAY if _is_no_http(error) else None
        if response.status_code not in _STATUSES:
            log.warning(
                "a pod answers with an unknown status", url=url, status=response.status_code
            )
            return _BAD_GATEWAY
        kept = [(name.lower(), value) for name, value in response.headers.raw]
        return Answer(
            response.status_code,
            response.content,
            [one for one in kept if one[0] not in _DROPPED_HEADERS],
        )


def _forwarded_request(url: str, request: Request) -> httpx2.Request:
    """Return the request that is sent to another pod."""
    return httpx2.Request(
        request.scope["method"],
        url,
        headers=headers_for_pod(request.scope),
        content=request.body,
        # The raw target: as part of the URL it would be limited in length and normalized.
        extensions={"target": target_for_pod(request.scope)},
    )


def _is_no_http(error: httpx2.HTTPError) -> bool:
    """Say whether a pod answered something else than HTTP, or half an answer."""
    # The library raises the same error where a pod closed the connection, as a killed pod does.
    return isinstance(error, httpx2.RemoteProtocolError) and _DISCONNECTED not in str(error)
