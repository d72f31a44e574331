"""What is talked over a WebSocket that is made again when it is lost, as both clients have it.

Nothing runs in the background: whoever waits for something receives for all others. ``Talk`` and what is derived from it hold the
state, and none of its methods waits; ``advance`` is the flow that receives.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import Deque, Generic, List, Optional, Sequence, TypeVar

from ._effects import Connection, Flow, Send, receive
from ._errors import RunyardError, error_of_answer
from ._retry import Deadline
from ._session import Request, Session
from ._websocket import CLOSE, PING, PONG, FrameParser, Message, frame, handshake, is_accepted

# The service pings every 15 s.
_SILENCE = 45.0

# Why a connection ends that need not be made again.
_REFUSED = {
    1008: ("invalid-message", 0, "too many messages could not be used"),
    4401: ("unauthenticated", 401, "the key was revoked or has expired"),
}


# What is sent in it.
Sending = TypeVar("Sending")


class Talk(Generic[Sending]):
    """The connection of one, and how it ended.

    what: whom it is talked to, for messages
    binary: whether binary messages come too
    """

    def __init__(self, session: Session, what: str, binary: bool = False) -> None:
        # Why there is nothing more to come; None when all came.
        self.error: Optional[BaseException] = None
        self.over = False
        self._session = session
        self._what = what
        self._binary = binary
        self._socket: Optional[Connection] = None
        self._parser = FrameParser(binary)
        self._control: List[bytes] = []
        self._failures = 0
        self._waiting: Deque[Sending] = deque()
        # Another thread may add while one receives. Never held while anything is waited for.
        self._lock = threading.RLock()

    def add(self, messages: Sequence[Sending], first: bool = False) -> None:
        """Sends these once there is a connection. first: before all that waits. Raises why nothing is taken any more."""
        with self._lock:
            if self.over:
                raise self.refusal()
            if first:
                self._waiting.extendleft(reversed(messages))
            else:
                self._waiting.extend(messages)

    def advance(self) -> Flow[None]:
        """Connects when there is no connection, otherwise takes what comes next. Never raises but when it is interrupted."""
        try:
            socket = self._socket
            if socket is None:
                yield from self._connect()
            else:
                data = yield from receive(socket, _SILENCE)
                if not data:
                    raise ConnectionResetError(f"the connection to {self._what} was cut")
                self._take(data)
        except RunyardError as error:
            yield from self._lost(error)
        except OSError as error:
            yield from self._lost(self._session.unreachable(error))

    def leave(self) -> None:
        """Goes away. What it is talked to goes on."""
        self._end(RunyardError("connection-closed", f"{self._what} was left; it goes on"))

    def refusal(self) -> BaseException:
        """Why nothing more is taken, or why there is no result."""
        raise NotImplementedError

    def _path(self) -> str:
        raise NotImplementedError

    def _again(self) -> bytes:
        """What is sent first over a new connection."""
        return b""

    def _connected(self) -> None:
        """There is a connection."""

    def _hear(self, message: Message) -> None:
        """Takes a message. Raises ValueError for one that is not JSON."""
        raise NotImplementedError

    def _settle_all(self) -> None:
        """It is over: whoever waits for something that was sent waits no more. Called with the lock."""
        raise NotImplementedError

    def _connect(self) -> Flow[None]:
        headers, accept = handshake()
        request = Request("GET", self._path(), headers, repeatable=False)
        answer = yield from self._session.exchange(request, lambda: self._session.timeout)
        if answer.status != 101 or not is_accepted(answer.headers, accept):
            answer.close()
            raise error_of_answer(answer.status, answer.reason, answer.headers, b"", self._session.route.url)
        rest = answer.switch()
        self._parser = FrameParser(self._binary)
        self._control = []
        with self._lock:
            again = self._again()
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
            self._connected()
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
            elif message.opcode != PONG:
                try:
                    self._hear(message)
                except ValueError:
                    raise ConnectionError("the WebSocket sent a message that is not JSON") from None
            if self.over:
                return

    def _closed(self, code: int) -> None:
        if code == 1000:
            return self._end(None)
        if code in _REFUSED:
            kind, status, detail = _REFUSED[code]
            return self._end(RunyardError(kind, detail, status=status))
        raise ConnectionResetError(f"the connection to {self._what} was closed with {code}")

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
            self._settle_all()
