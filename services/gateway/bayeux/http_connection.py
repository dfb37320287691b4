"""HTTP/1.1 whose head has a limit: what never ends must not fill the memory."""

from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_LARGEST_HEAD: Final = 64 * 1024


class BoundedHttp(HttpToolsProtocol):
    """uvicorn's protocol, which by itself reads request line and headers of any length."""

    _head = 0
    _is_in_head = False

    def data_received(self, data: bytes) -> None:
        """Parse what came; end the connection when there is no end of the headers in sight."""
        super().data_received(data)
        if self._is_in_head:
            self._head += len(data)
            if self._head > _LARGEST_HEAD and not self.transport.is_closing():
                self.send_400_response("The headers are too large.")

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._head, self._is_in_head = 0, True

    def on_headers_complete(self) -> None:
        """Only the body is left, which has limits of its own."""
        self._is_in_head = False
        super().on_headers_complete()
