"""What is uploaded: bytes, a file that is open, or one that has a path."""

from __future__ import annotations

import os
from typing import IO, Iterator, Optional, Union

Content = Union[bytes, bytearray, memoryview, IO[bytes], str, "os.PathLike[str]"]

_PIECE_BYTES = 256 * 1024


class Upload:
    """A content and its length, given piece by piece, and again when a request is made again.

    content: bytes; a binary file that can seek, from where it stands; or the path of a file, as str too
    """

    def __init__(self, content: Content) -> None:
        self._file: Optional[IO[bytes]] = None
        self._bytes = memoryview(b"")
        self._owned = False
        self._start = 0
        if isinstance(content, (str, os.PathLike)):
            self.name: Optional[str] = os.path.basename(os.fspath(content))
            self._file, self._owned = open(content, "rb"), True
            self.length = os.fstat(self._file.fileno()).st_size
        elif isinstance(content, (bytes, bytearray, memoryview)):
            self.name = None
            self._bytes = memoryview(content).cast("B")
            self.length = len(self._bytes)
        else:
            name = getattr(content, "name", None)
            self.name = os.path.basename(name) if isinstance(name, str) else None
            self._file = content
            self._start = content.tell()
            self.length = content.seek(0, os.SEEK_END) - self._start

    def pieces(self) -> Iterator[bytes]:
        """Raises OSError when the file has become shorter: the service was told another length."""
        if self._file is None:
            for at in range(0, self.length, _PIECE_BYTES):
                yield bytes(self._bytes[at : at + _PIECE_BYTES])
            return
        self._file.seek(self._start)
        left = self.length
        while left > 0:
            piece = self._file.read(min(_PIECE_BYTES, left))
            if not piece:
                raise OSError("the file became shorter while it was uploaded")
            left -= len(piece)
            yield piece

    def close(self) -> None:
        if self._owned and self._file is not None:
            self._file.close()
