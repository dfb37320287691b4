"""Downloads by signed addresses, for which nobody is logged in."""

import re
from typing import Final

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from services.gateway.rest.request_limit import ConcurrentRequests
from services.gateway.rest.resources.downloads import DownloadsResource

_ATTACHMENT: Final = re.compile(r"/me/interactions/([^/]+)/attachments/([^/]+)")


class LinkedDownloads:
    """Sends files to whoever has their signed address, and bounds how many of a mail at once."""

    def __init__(self, downloads: DownloadsResource, requests: ConcurrentRequests) -> None:
        self._downloads = downloads
        self._requests = requests

    async def serve(self, scope: Scope, receive: Receive, send: Send, path: str) -> bool:
        """Answer a request and return True; False where it asks for no signed address.

        `path` is that of the request without the prefix of the API.

        Raises:
            RequestError: The key is not valid (403), there is no such file (404), or too many files
                of the mail are being sent (429).
            Unavailable: The database does not answer.
        """
        found = _ATTACHMENT.fullmatch(path) if scope["method"] in {"GET", "HEAD"} else None
        request = Request(scope, receive)
        if found is None or "key" not in request.query_params:
            return False
        answer = await self._downloads.download_linked(request, found[1], found[2])
        # Only a valid key gets here, so a stranger cannot use up the places of a mail.
        with self._requests.counted(("mail", found[1])):
            await answer(scope, receive, send)
        return True
