"""Where artifacts are saved. Their names come from a program that nobody trusts."""

from __future__ import annotations

import os
import uuid
from pathlib import Path, PurePosixPath, PureWindowsPath
from types import TracebackType
from typing import IO, Optional, Type, Union

PathLike = Union[str, "os.PathLike[str]"]


def place_in(folder: PathLike, path: str) -> Path:
    """The place of an artifact below a folder. Raises ValueError when its path leads out of there."""
    # A name that is harmless on the service may have a drive or a backslash that means something here.
    posix, windows = PurePosixPath(path), PureWindowsPath(path)
    leads_out = posix.is_absolute() or bool(windows.anchor) or ".." in posix.parts or ".." in windows.parts
    place = Path(folder, *posix.parts)
    # Nor through a link that stands in the folder.
    if leads_out or not posix.parts or not _is_below(place, Path(folder)):
        raise ValueError(f"the artifact {path!r} would be saved outside of {os.fspath(folder)!r}")
    return place


def _is_below(place: Path, folder: Path) -> bool:
    root = os.path.realpath(folder)
    return os.path.commonpath([root, os.path.realpath(place)]) == root


class FileInTheMaking:
    """A file that is there when it is whole: it has another name until then, and goes away when that fails."""

    def __init__(self, target: PathLike) -> None:
        self.target = Path(target)

    def __enter__(self) -> FileInTheMaking:
        self._name = self.target.with_name(f".runyard-{uuid.uuid4().hex}")
        self._file: IO[bytes] = open(self._name, "xb")
        return self

    def write(self, piece: bytes) -> None:
        self._file.write(piece)

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        try:
            self._file.close()
            if kind is None:
                os.replace(self._name, self.target)
                return
        except OSError:
            os.unlink(self._name)
            raise
        os.unlink(self._name)
