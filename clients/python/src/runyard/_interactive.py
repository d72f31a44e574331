"""A conversation with an interactive job, as both clients have it. See docs/api.md, GET /v1/jobs/:id/io.

Input has numbers that rise from 1; what was not acknowledged when a connection is lost is sent again under its number, which the
service uses once. Events go on after the last one.

Nothing runs in the background: whoever waits for something receives for all others. ``Conversation`` holds the state, and none of
its methods waits; ``advance`` is the flow that receives.
"""

from __future__ import annotations

import base64
import json
import threading
from collections import deque
from typing import Any, Deque, Dict, List, Optional, Union, cast

from ._calls import job_events_socket
from ._effects import Connection, Flow, Send, receive
from ._errors import RunyardError, error_of_answer
from ._retry import Deadline
from ._session import Request, Session
from ._websocket import CLOSE, PING, PONG, TEXT, FrameParser, frame, handshake, is_accepted
from .types import JobEvent, JobSummary

# A message has at most 64 KiB, in base64 and with its frame.
_PIECE_BYTES = 32 * 1024
# The service wants less than 256 KiB on the way that it has not acknowledged, a message counted as 64 bytes and its own.
_WINDOW_BYTES = 128 * 1024
_FRAME_BYTES = 64
# The service pings every 15 s.
_SILENCE = 45.0

# Why a connection ends that need not be made again.
_REFUSED = {
    1008: ("invalid-message", 0, "too many messages could not be used"),
    4401: ("unauthenticated", 401, "the key was revoked or has expired"),
}


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


class Conversation:
    """The state of one: input that waits, events that were not asked for yet, and how it ended."""

    def __init__(self, session: Session, job_id: str) -> None:
        self.job_id = job_id
        self.events: Deque[JobEvent] = deque()
        self.result: Optional[JobSummary] = None
        # Why there will be no result; None when there is one.
        self.error: Optional[BaseException] = None
        self.over = False
        self._session = session
        self._socket: Optional[Connection] = None
        self._parser = FrameParser()
        self._waiting: Deque[Sent] = deque()
        self._on_the_way: Deque[Sent] = deque()
        self._control: List[bytes] = []
        self._last_seq = 0
        self._last_id: Optional[str] = None
        self._failures = 0
        # Another thread may add while one receives. Never held while anything is waited for.
        self._lock = threading.RLock()

    def add(self, messages: List[Sent], first: bool = False) -> None:
        """first: before all that waits. Raises why nothing is taken any more."""
        with self._lock:
            if self.over:
                raise self.refusal()
            if first:
                self._waiting.extendleft(reversed(messages))
            else:
                self._waiting.extend(messages)

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

    def advance(self) -> Flow[None]:
        """Connects when there is no connection, otherwise takes what comes next. Never raises but when it is interrupted."""
        try:
            socket = self._socket
            if socket is None:
                yield from self._connect()
            else:
                data = yield from receive(socket, _SILENCE)
                if not data:
                    raise ConnectionResetError(f"the connection to job {self.job_id} was cut")
                self._take(data)
        except RunyardError as error:
            yield from self._lost(error)
        except OSError as error:
            yield from self._lost(self._session.unreachable(error))

    def leave(self) -> None:
        """Goes away. The job goes on."""
        self._end(RunyardError("connection-closed", f"job {self.job_id} was left; it goes on"))

    def _connect(self) -> Flow[None]:
        headers, accept = handshake()
        request = Request("GET", job_events_socket(self.job_id, self._last_id), headers, repeatable=False)
        answer = yield from self._session.exchange(request, lambda: self._session.timeout)
        if answer.status != 101 or not is_accepted(answer.headers, accept):
            answer.close()
            raise error_of_answer(answer.status, answer.reason, answer.headers, b"", self._session.route.url)
        rest = answer.switch()
        self._parser = FrameParser()
        self._control = []
        with self._lock:
            again = b"".join(_text_frame(message) for message in self._on_the_way)
        try:
            if again:
                yield Send(answer.connection, again, self._session.timeout)
        except BaseException:
            answer.connection.close()
            raise
        with self._lock:
            if self.over:
                return answer.connection.close()
            self._socket = answer.connection
        if rest:
            self._take(rest)

    def _take(self, data: bytes) -> None:
        for message in self._parser.feed(data):
            self._failures = 0
            if message.opcode == PING:
                with self._lock:
                    self._control.append(frame(PONG, message.payload))
            elif message.opcode == CLOSE:
                return self._closed(message.close_code())
            elif message.opcode == TEXT:
                try:
                    self._take_message(json.loads(message.payload))
                except ValueError:
                    raise ConnectionError("the WebSocket sent a message that is not JSON") from None
            if self.over:
                return

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

    def _closed(self, code: int) -> None:
        if code == 1000:
            return self._end(None)
        if code in _REFUSED:
            kind, status, detail = _REFUSED[code]
            return self._end(RunyardError(kind, detail, status=status))
        raise ConnectionResetError(f"the connection to job {self.job_id} was closed with {code}")

    def _lost(self, error: RunyardError) -> Flow[None]:
        self._drop()
        if self.over:
            return
        self._failures += 1
        try:
            yield from self._session.pause(error, self._failures, Deadline(None))
        except RunyardError as final:
            self._end(final)

    def _drop(self) -> None:
        socket, self._socket = self._socket, None
        if socket is not None:
            socket.close()

    def _end(self, error: Optional[BaseException]) -> None:
        with self._lock:
            if self.over:
                return
            self.over, self.error = True, error
            self._drop()
            refusal = self.refusal()
            # The end of the job may be what a signal was for, and comes before its acknowledgement then.
            for message in self._on_the_way:
                message.settle(None if message.message["type"] == "signal" else refusal)
            for message in self._waiting:
                message.settle(refusal)
            self._on_the_way.clear()
            self._waiting.clear()

    def refusal(self) -> BaseException:
        """Why nothing more is taken, or why there is no result."""
        return self.error or RunyardError("job-ended", f"job {self.job_id} has ended")


def _text_frame(message: Sent) -> bytes:
    return frame(TEXT, json.dumps({**message.message, "seq": message.seq}).encode())
