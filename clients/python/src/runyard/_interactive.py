"""A conversation with an interactive job, as both clients have it. See docs/api.md, GET /v1/jobs/:id/io.

Input has numbers that rise from 1; what was not acknowledged when a connection is lost is sent again under its number, which the
service uses once. Events go on after the last one.

"""

from __future__ import annotations

import base64
import json
from collections import deque
from typing import Any, Deque, Dict, List, Optional, Union, cast

from ._calls import job_events_socket
from ._effects import Connection
from ._errors import RunyardError
from ._session import Session
from ._talk import Talk
from ._websocket import TEXT, Message, frame
from .types import JobEvent, JobSummary

# A message has at most 64 KiB, in base64 and with its frame.
_PIECE_BYTES = 32 * 1024
# The service wants less than 256 KiB on the way that it has not acknowledged, a message counted as 64 bytes and its own.
_WINDOW_BYTES = 128 * 1024
_FRAME_BYTES = 64


class Sent:
    """A message on its way. seq: 0 until it is sent."""

    def __init__(self, message: Dict[str, Any], size: int = 0) -> None:
        self.message = message
        self.size = size
        self.seq = 0
        self.done = False
        self.error: Optional[BaseException] = None

    def settle(self, error: Optional[BaseException] = None) -> None:
        self.done, self.error = True, error


def input_messages(data: Union[str, bytes]) -> List[Sent]:
    """Standard input as messages. Base64 throughout, since a cut may go through a character."""
    content = data.encode() if isinstance(data, str) else bytes(data)
    pieces = [content[start : start + _PIECE_BYTES] for start in range(0, len(content), _PIECE_BYTES)]
    return [
        Sent({"type": "stdin", "data": base64.b64encode(piece).decode(), "encoding": "base64"}, len(piece))
        for piece in pieces
    ]


class Conversation(Talk[Sent]):
    """The state of one: input that waits, events that were not asked for yet, and how it ended."""

    def __init__(self, session: Session, job_id: str) -> None:
        super().__init__(session, f"job {job_id}")
        self.job_id = job_id
        self.events: Deque[JobEvent] = deque()
        self.result: Optional[JobSummary] = None
        self._on_the_way: Deque[Sent] = deque()
        self._last_seq = 0
        self._last_id: Optional[str] = None

    def outgoing(self) -> Optional[tuple[Connection, bytes]]:
        """What is to be sent now, in its order; None when nothing is, or there is no connection."""
        with self._lock:
            if self._socket is None:
                return None
            frames, self._control = self._control, []
            under_way = sum(one.size + _FRAME_BYTES for one in self._on_the_way)
            while self._waiting:
                message = self._waiting[0]
                under_way += message.size + _FRAME_BYTES
                if message.size > 0 and self._on_the_way and under_way > _WINDOW_BYTES:
                    break
                self._waiting.popleft()
                # A number is given when a message is first sent, so that numbers rise although a signal may pass input.
                self._last_seq += 1
                message.seq = self._last_seq
                self._on_the_way.append(message)
                frames.append(_text_frame(message))
            return (self._socket, b"".join(frames)) if frames else None

    def refusal(self) -> BaseException:
        return self.error or RunyardError("job-ended", f"job {self.job_id} has ended")

    def _path(self) -> str:
        return job_events_socket(self.job_id, self._last_id)

    def _again(self) -> bytes:
        return b"".join(_text_frame(message) for message in self._on_the_way)

    def _hear(self, message: Message) -> None:
        self._take_message(json.loads(message.payload))

    def _take_message(self, message: Dict[str, Any]) -> None:
        kind, seq = message.get("type"), message.get("seq")
        if kind == "ack":
            self._taken(seq, None)
        elif kind == "error":
            code, detail = str(message.get("code", "unknown")), str(message.get("detail", "an input was refused"))
            self._taken(seq, RunyardError(code, detail, errors=message.get("errors")))
        else:
            event = cast(JobEvent, message)
            self._last_id = event["id"]
            self.events.append(event)
            if event["type"] == "result":
                self.result = event["data"]
                self._end(None)

    def _taken(self, seq: Optional[int], refusal: Optional[RunyardError]) -> None:
        with self._lock:
            while seq is not None and self._on_the_way and self._on_the_way[0].seq <= seq:
                message = self._on_the_way.popleft()
                message.settle(refusal if message.seq == seq else None)

    def _settle_all(self) -> None:
        refusal = self.refusal()
        # The end of the job may be what a signal was for, and comes before its acknowledgement then.
        for message in self._on_the_way:
            message.settle(None if message.message["type"] == "signal" else refusal)
        for message in self._waiting:
            message.settle(refusal)
        self._on_the_way.clear()
        self._waiting.clear()


def _text_frame(message: Sent) -> bytes:
    return frame(TEXT, json.dumps({**message.message, "seq": message.seq}).encode())
