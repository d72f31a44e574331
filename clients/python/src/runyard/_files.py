"""Stored files, for threads."""

from __future__ import annotations

from pathlib import Path
from typing import Generator, Optional

from ._artifact_files import FileInTheMaking, PathLike
from ._calls import Calls
from ._sync import Driver
from ._uploads import Content
from .types import StoredFile


class Files:
    """Files that are stored once and used in any number of jobs, and those that jobs made."""

    def __init__(self, driver: Driver, calls: Calls) -> None:
        self._driver = driver
        self._calls = calls

    def put(
        self,
        content: Content,
        name: Optional[str] = None,
        *,
        content_type: Optional[str] = None,
        ttl_seconds: Optional[int] = None,
        idempotency_key: Optional[str] = None,
        timeout: Optional[float] = None,
    ) -> StoredFile:
        """Uploads a file. A job names it by its id: ``files=[{"path": "data.csv", "id": file["id"]}]``.

        content: bytes; a binary file that can seek; or the path of a file
        name: for people; by default that of the file
        ttl_seconds: how long to keep it; by default as long as the service keeps files
        idempotency_key: the same key with the same file is one file, for 24 hours; by default one for each call
        """
        return self._driver.run(
            self._calls.put_file(content, name, content_type, ttl_seconds, idempotency_key, timeout)
        )

    def get(self, file_id: str, *, timeout: Optional[float] = None) -> StoredFile:
        """Returns what is known of a file."""
        return self._driver.run(self._calls.get_file(file_id, timeout))

    def list(self) -> Generator[StoredFile, None, None]:
        """Yields your files, newest first. Pages are read as they are needed."""
        return self._driver.iterate(self._calls.list_files())

    def read(
        self, file_id: str, start: int = 0, end: Optional[int] = None, *, timeout: Optional[float] = None
    ) -> bytes:
        """Returns the bytes of a file, or those from ``start`` to ``end``, both included."""
        return self._driver.run(self._calls.read_file(file_id, start, end, timeout))

    def stream(
        self, file_id: str, start: int = 0, end: Optional[int] = None, *, timeout: Optional[float] = None
    ) -> Generator[bytes, None, None]:
        """Yields the same in pieces, as they come."""
        return self._driver.iterate(self._calls.stream_file(file_id, start, end, timeout))

    def save(self, file_id: str, to: PathLike, *, timeout: Optional[float] = None) -> Path:
        """Saves a file as ``to``, which is there when it is whole, and returns its place."""
        with FileInTheMaking(to) as file:
            for piece in self.stream(file_id, timeout=timeout):
                file.write(piece)
        return file.target

    def remove(self, file_id: str, *, timeout: Optional[float] = None) -> None:
        """Deletes a file. Jobs that were submitted with it still get it."""
        self._driver.run(self._calls.remove_file(file_id, timeout))
