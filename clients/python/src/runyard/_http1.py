"""HTTP/1.1 as a client speaks it (RFC 9112), without any I/O: bytes of a request, and a parser that is fed with the answer."""

from __future__ import annotations

from typing import Dict, Mapping

_MAX_HEAD_BYTES = 64 * 1024
_MAX_LINE_BYTES = 8 * 1024


class InvalidAnswer(ConnectionError):
    """What came is not HTTP."""


def request_head(method: str, target: str, headers: Mapping[str, str]) -> bytes:
    """The head of a request. Raises ValueError when a header has a value that would end it."""
    lines = [f"{method} {target} HTTP/1.1"]
    for name, value in headers.items():
        if not value.isascii() or any(character in value for character in "\r\n\0"):
            raise ValueError(f"{name} has characters that a header cannot have; it must be ASCII without line breaks")
        lines.append(f"{name}: {value}")
    return "\r\n".join([*lines, "", ""]).encode("ascii")


class ResponseParser:
    """Is fed with what comes, cut anywhere; has the head when ``status`` is not 0, and gives the body by ``take``."""

    def __init__(self) -> None:
        self.status = 0
        self.reason = ""
        # Names in lower case; of a name that comes several times, the values with commas.
        self.headers: Dict[str, str] = {}
        self.complete = False
        # Whether the connection can be used for another request once the answer is complete.
        self.keep_alive = False
        # What came behind the answer: the first bytes of another protocol after 101.
        self._buffer = bytearray()
        self._body = bytearray()
        self._chunked = False
        # Bytes of the body, or of the chunk, that have not come; None: until the connection ends.
        self._left: int | None = 0
        self._part = "head"

    def feed(self, data: bytes) -> None:
        """Raises InvalidAnswer. An empty ``data`` is the end of the connection."""
        if not data:
            return self._end()
        self._buffer += data
        while self._step():
            pass

    def take(self) -> bytes:
        """What has come of the body since the last call."""
        body = bytes(self._body)
        self._body.clear()
        return body

    def rest(self) -> bytes:
        """What came behind a complete answer."""
        return bytes(self._buffer)

    def _end(self) -> None:
        if self._part == "body" and self._left is None:
            self.complete = True
            self._part = "done"
        if not self.complete:
            raise InvalidAnswer("the connection was closed before the answer was complete")

    def _step(self) -> bool:
        """Takes one part of the buffer; False when it needs more."""
        if self._part == "head":
            return self._take_head()
        if self._part == "body":
            return self._take_body()
        if self._part == "done":
            return False
        return self._take_line()

    def _take_head(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end == -1:
            if len(self._buffer) > _MAX_HEAD_BYTES:
                raise InvalidAnswer("the head of the answer is too large")
            if not b"HTTP/1.".startswith(self._buffer[:7]):
                raise InvalidAnswer("the answer is not HTTP")
            return False
        first, *lines = bytes(self._buffer[:end]).decode("latin-1").split("\r\n")
        del self._buffer[: end + 4]
        version, _, rest = first.partition(" ")
        code, _, reason = rest.partition(" ")
        if version not in ("HTTP/1.1", "HTTP/1.0") or len(code) != 3 or not (code.isascii() and code.isdigit()):
            raise InvalidAnswer(f"the answer begins with {first[:80]!r}")
        headers: Dict[str, str] = {}
        for line in lines:
            name, colon, value = line.partition(":")
            if not colon or not name or name != name.strip():
                raise InvalidAnswer(f"the answer has a header {line[:80]!r}")
            name, value = name.lower(), value.strip(" \t")
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        status = int(code)
        if 100 <= status < 200 and status != 101:
            # An interim answer; the one that counts comes behind it.
            return True
        self.status, self.reason, self.headers = status, reason, headers
        connection = headers.get("connection", "").lower()
        self.keep_alive = version == "HTTP/1.1" and "close" not in connection
        self._frame(status, headers)
        return True

    def _frame(self, status: int, headers: Mapping[str, str]) -> None:
        """How long the body is (RFC 9112, section 6.3)."""
        self._part = "body"
        if status in (101, 204, 304):
            self._finish()
        elif "transfer-encoding" in headers:
            if headers["transfer-encoding"].lower() != "chunked":
                raise InvalidAnswer(f"the answer has the encoding {headers['transfer-encoding'][:80]!r}")
            self._chunked, self._part = True, "size"
        elif "content-length" in headers:
            length = headers["content-length"]
            if not (length.isascii() and length.isdigit()):
                raise InvalidAnswer(f"the answer has the length {length[:80]!r}")
            self._left = int(length)
            if self._left == 0:
                self._finish()
        else:
            self._left, self.keep_alive = None, False

    def _take_body(self) -> bool:
        if not self._buffer:
            return False
        piece = self._buffer if self._left is None else self._buffer[: self._left]
        self._body += piece
        taken = len(piece)
        del self._buffer[:taken]
        if self._left is not None:
            self._left -= taken
            if self._left == 0:
                if self._chunked:
                    self._part = "behind chunk"
                else:
                    self._finish()
        return True

    def _take_line(self) -> bool:
        """A line of the chunked encoding (RFC 9112, section 7.1)."""
        end = self._buffer.find(b"\r\n")
        if end == -1:
            if len(self._buffer) > _MAX_LINE_BYTES:
                raise InvalidAnswer("a line between chunks is too long")
            return False
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        if self._part == "behind chunk":
            if line:
                raise InvalidAnswer("a chunk is longer than it says")
            self._part = "size"
        elif self._part == "size":
            size = line.partition(b";")[0].strip()
            try:
                # int() would take a sign, blanks and underscores too.
                if not size or size.strip(b"0123456789abcdefABCDEF"):
                    raise ValueError
                self._left = int(size, 16)
            except ValueError:
                raise InvalidAnswer(f"a chunk has the size {line[:80]!r}") from None
            self._part = "body" if self._left > 0 else "trailer"
        elif not line:
            # Trailers are passed over; an empty line ends them.
            self._finish()
        return True

    def _finish(self) -> None:
        self._part = "done"
        self.complete = True
