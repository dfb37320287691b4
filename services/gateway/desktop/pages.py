"""Answers requests for the desktop: its files, and what to do where it was not built."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from starlette.responses import HTMLResponse, Response

from services.gateway.desktop.built_files import BuiltFile, BuiltFiles
from services.gateway.errors import RequestError, Situation
from services.gateway.http.preconditions import is_known
from shared.bayeux.transports.web import Scope, header

ROOT: Final = "/desktop"

_DIRECTIVES: Final = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "img-src 'self' data: blob:",
    "frame-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    # Svelte's templates become elements. What is pasted, and the HTML of a draft, is read into a
    # document without scripts, of which the editor takes what its schema knows.
    "trusted-types svelte-trusted-html ProseMirrorClipboard mailroom-draft",
)
_SAFE_HEADERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Content-Security-Policy": "; ".join(_DIRECTIVES),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
    }
)
_IMMUTABLE: Final = "public, max-age=31536000, immutable"
_CODING: Final = re.compile(r"\s*([a-z0-9*-]+)\s*(?:;\s*q\s*=\s*([01](?:\.[0-9]{0,3})?)\s*)?")
_NOT_BUILT: Final = """<!doctype html>
<html lang="en"><title>The desktop is not built</title>
<h1>The desktop is not built</h1>
<p>The agents' API works; the page that uses it is missing.
Type this in the checkout, then reload this page:</p>
<pre>make desktop</pre>
<p>It needs Node 20.19 or newer and npm. The gateway's image has the desktop in it.
<code>GATEWAY_DESKTOP=off</code> removes this page.</p>
"""


class DesktopPages:
    """The desktop at `/desktop/`, without login: the page itself asks for one."""

    def __init__(self, files: BuiltFiles) -> None:
        self._files = files

    def response(self, scope: Scope) -> Response | None:
        """Return the response to a request; None where its path is not the desktop's.

        Raises:
            RequestError: The method is not GET or HEAD (405), or there is no such file (404).
        """
        path = scope["path"]
        if path not in ("/", ROOT) and not path.startswith(f"{ROOT}/"):
            return None
        if scope["method"] not in ("GET", "HEAD"):
            raise RequestError(
                Situation.METHOD_UNKNOWN,
                "this can only be read",
                headers={"Allow": "GET, HEAD, OPTIONS"},
            )
        if path in ("/", ROOT):
            # Relative, so that it also leads there behind a proxy with a path of its own.
            return Response(status_code=307, headers={"Location": f"{ROOT[1:]}/"})
        return self._file(scope, path.removeprefix(f"{ROOT}/"))

    def _file(self, scope: Scope, path: str) -> Response:
        if not self._files.are_there:
            return HTMLResponse(
                _NOT_BUILT, 503, {**_SAFE_HEADERS, "Cache-Control": "no-store", "Retry-After": "60"}
            )
        file = self._files.get(path)
        if file is None:
            raise RequestError(Situation.NOT_FOUND, "the desktop has no such file: reload its page")
        coding = preferred_coding(header(scope, b"accept-encoding") or "", file)
        content = file.codings[coding]
        tag = f'"{file.tag}-{coding}"'
        headers = {
            **_SAFE_HEADERS,
            "Cache-Control": _IMMUTABLE if file.is_hashed else "no-cache",
            "ETag": tag,
            "Vary": "Accept-Encoding",
        }
        if is_known([header(scope, b"if-none-match") or ""], tag):
            return Response(status_code=304, headers=headers)
        if coding != "identity":
            headers["Content-Encoding"] = coding
        return Response(content, headers=headers, media_type=file.media_type)


def preferred_coding(accepted: str, file: BuiltFile) -> str:
    """Return the best coding of a file that `Accept-Encoding` allows (RFC 9110 section 12.5.3).

    `identity` is sent where nothing else is allowed, even if it is refused.
    """
    weights = {
        found[1]: float(found[2] or 1)
        for one in accepted.lower().split(",")
        if (found := _CODING.fullmatch(one))
    }
    others = weights.get("*", 0.0)
    allowed = [one for one in file.codings if weights.get(one, others) > 0 and one != "identity"]
    return allowed[0] if allowed else "identity"
