"""Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""

from __future__ import annotations

import codecs
import json
from typing import List, cast

from ._http1 import InvalidAnswer
from .types import JobEvent


class SseParser:
    """Takes the bytes of a stream piece by piece, cut anywhere; gives the events that are complete."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
        self._rest = ""
        self._type = ""
        self._id = ""
        self._data: List[str] = []

    def feed(self, piece: bytes) -> List[JobEvent]:
        """Raises InvalidAnswer when the data of an event is not JSON."""
        text = self._rest + self._decoder.decode(piece)
        # A carriage return at the end may be half of a line's end.
        whole = text[:-1] if text.endswith("\r") else text
        # Not splitlines(), which knows other line ends too.
        lines = whole.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        self._rest = lines.pop() + text[len(whole) :]
        events: List[JobEvent] = []
        for line in lines:
            if line == "":
                if self._data:
                    events.append(self._event())
                self._type, self._data = "", []
                continue
            field, _, value = line.partition(":")
            value = value[1:] if value.startswith(" ") else value
            if field == "event":
                self._type = value
            elif field == "id":
                self._id = value
            elif field == "data":
                self._data.append(value)
        return events

    def _event(self) -> JobEvent:
        try:
            data = json.loads("\n".join(self._data))
        except ValueError:
            raise InvalidAnswer("the data of an event is not JSON") from None
        return cast("JobEvent", {"id": self._id, "type": self._type, "data": data})
