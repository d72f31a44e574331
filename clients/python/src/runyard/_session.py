"""Requests and their answers: connections that are kept, problems that are raised, requests that are made again."""

from __future__ import annotations

import json
import ssl
import threading
import time
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, Optional, Tuple

from ._effects import Connection, Flow, Send, Sleep, connect, receive
from ._errors import RunyardError, error_of_answer
from ._http1 import ResponseParser, request_head
from ._retry import Deadline, pause_before
from ._route import Route
from ._uploads import Upload

VERSION = "0.1.0"
# The service ends a connection that was idle for 75 s; others on the way may be less patient.
_IDLE_SECONDS = 30.0
_IDLE_CONNECTIONS = 16


@dataclass(frozen=True)
class Request:
    """One request.

    wait_seconds: how long the service may take on purpose before it answers
    repeatable: whether it may reach the service twice
    upload: sent as it is, in place of a body of JSON
    """

    method: str
    path: str
    headers: Dict[str, str] = field(default_factory=lambda: {})
    body: Any = None
    wait_seconds: float = 0
    repeatable: bool = True
    upload: Optional[Upload] = None


class Pool:
    """Connections that wait for another request. May be shared by threads."""

    def __init__(self) -> None:
        self._idle: List[Tuple[Connection, float]] = []
        self._lock = threading.Lock()
        self._closed = False

    def take(self, fresh: bool = False) -> Optional[Connection]:
        """The one that was used last, if there is one that still can be; none when a fresh one is wanted.

        Raises RuntimeError when the client is closed.
        """
        while True:
            with self._lock:
                if self._closed:
                    raise RuntimeError("the client is closed")
                if fresh or not self._idle:
                    return None
                connection, since = self._idle.pop()
            if time.monotonic() - since < _IDLE_SECONDS and connection.is_usable():
                return connection
            connection.close()

    def give(self, connection: Connection) -> None:
        with self._lock:
            if not self._closed and len(self._idle) < _IDLE_CONNECTIONS:
                self._idle.append((connection, time.monotonic()))
                return
        connection.close()

    def close(self) -> None:
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection, _ in idle:
            connection.close()


class NothingCame(ConnectionError):
    """The connection ended before the first byte of an answer."""


class Answer:
    """An answer whose head has come."""

    def __init__(self, pool: Pool, connection: Connection, parser: ResponseParser, timeout: Callable[[], float]) -> None:
        self.status = parser.status
        self.reason = parser.reason
        self.headers = parser.headers
        self.connection = connection
        self._pool = pool
        self._parser = parser
        self._timeout = timeout
        self._open = True

    def piece(self) -> Flow[bytes]:
        """The next bytes of the body as they come; empty at its end. Raises OSError when it is cut."""
        while True:
            body = self._parser.take()
            if body or self._parser.complete:
                return body
            self._parser.feed((yield from receive(self.connection, self._timeout())))

    def body(self) -> Flow[bytes]:
        pieces: List[bytes] = []
        while True:
            piece = yield from self.piece()
            if not piece:
                return b"".join(pieces)
            pieces.append(piece)

    def switch(self) -> bytes:
        """After 101 the connection is the caller's. Gives what came behind the answer."""
        self._open = False
        return self._parser.rest()

    def close(self) -> None:
        """Lets the connection go: for another request, if the answer was read to its end."""
        if not self._open:
            return
        self._open = False
        if self._parser.complete and self._parser.keep_alive and not self._parser.rest():
            self._pool.give(self.connection)
        else:
            self.connection.close()


class Session:
    """What a client knows of the service and of its caller.

    timeout: seconds for an answer to come, beyond what the service may wait on purpose
    """

    def __init__(
        self,
        route: Route,
        key: Optional[str],
        retries: int,
        on_retry: Optional[Callable[[RunyardError, float], None]],
        timeout: float,
    ) -> None:
        self.route = route
        self.retries = retries
        self.timeout = timeout
        self.pool = Pool()
        self._on_retry = on_retry
        self._headers = {"host": route.authority, "user-agent": f"runyard-python/{VERSION}"}
        if key is not None:
            # Not left to the first request, whose error would show it.
            if not key or not all("!" <= character <= "~" for character in key):
                raise ValueError("key must be one or more visible ASCII characters, without blanks")
            self._headers["authorization"] = f"Bearer {key}"
        if route.proxy is not None and route.proxy.authorization is not None and not route.tls:
            self._headers["proxy-authorization"] = route.proxy.authorization

    def exchange(self, request: Request, timeout: Callable[[], float]) -> Flow[Answer]:
        """Sends a request and reads the head of its answer, which is a success.

        timeout: seconds that may pass until something comes, asked before each wait
        Raises RunyardError for any other answer, OSError when none comes.
        """
        headers = {**self._headers, **request.headers}
        body = b""
        if request.body is not None:
            body = _json_bytes(request.body)
            headers["content-type"] = "application/json"
        upload = request.upload
        if request.method in ("POST", "PUT", "PATCH"):
            headers["content-length"] = str(len(body) if upload is None else upload.length)
        head = request_head(request.method, self.route.target(request.path), headers)
        # A connection that was kept may be closed at any moment. What must not reach the service twice gets a new one.
        kept = self.pool.take(fresh=not request.repeatable)
        if kept is not None:
            try:
                return (yield from self._exchange_by(kept, head + body, upload, timeout))
            except NothingCame:
                pass
        connection = yield from connect(self.route, timeout())
        return (yield from self._exchange_by(connection, head + body, upload, timeout))

    def _exchange_by(
        self, connection: Connection, data: bytes, upload: Optional[Upload], timeout: Callable[[], float]
    ) -> Flow[Answer]:
        answer: Optional[Answer] = None
        try:
            parser = yield from self._first_bytes(connection, data, upload, timeout)
            while parser.status == 0:
                parser.feed((yield from receive(connection, timeout())))
            answer = Answer(self.pool, connection, parser, timeout)
            if answer.status >= 300:
                content = yield from answer.body()
                raise error_of_answer(answer.status, answer.reason, answer.headers, content, self.route.url)
        except BaseException:
            if answer is None:
                connection.close()
            else:
                answer.close()
            raise
        return answer

    def _first_bytes(
        self, connection: Connection, data: bytes, upload: Optional[Upload], timeout: Callable[[], float]
    ) -> Flow[ResponseParser]:
        lost: Optional[OSError] = None
        try:
            yield Send(connection, data, timeout())
            if upload is not None:
                for piece in upload.pieces():
                    yield Send(connection, piece, timeout())
        except TimeoutError:
            raise
        except OSError as error:
            # A service that refuses a body may answer and close before all of it was sent.
            lost = error
        try:
            first = yield from receive(connection, timeout())
        except ConnectionError as error:
            raise NothingCame(str(lost or error)) from error
        if not first:
            raise NothingCame(str(lost or "the connection was closed before an answer came"))
        parser = ResponseParser()
        parser.feed(first)
        return parser

    def read(self, request: Request, deadline: Deadline) -> Flow[bytes]:
        """The body of the answer to a request, which is made again while that may help."""
        failures = 0

        def timeout() -> float:
            return deadline.within(request.wait_seconds + self.timeout)

        while True:
            try:
                answer = yield from self.exchange(request, timeout)
                try:
                    return (yield from answer.body())
                finally:
                    answer.close()
            except RunyardError as refused:
                error = refused
            except OSError as lost:
                deadline.within(0)
                error = self.unreachable(lost)
            failures += 1
            yield from self.pause(error, failures, deadline, request.repeatable)

    def json(self, request: Request, deadline: Deadline) -> Flow[Any]:
        """The same, parsed."""
        body = yield from self.read(request, deadline)
        try:
            return json.loads(body)
        except ValueError as cause:
            detail = f"the answer is not JSON, so it did not come from Runyard: {self.route.url}"
            raise RunyardError("unknown", detail) from cause

    def pause(self, error: RunyardError, failures: int, deadline: Deadline, repeatable: bool = True) -> Flow[None]:
        """Waits before a request is made again. Raises the error when it should not be."""
        seconds = pause_before(error, failures, self.retries, repeatable)
        # A certificate that is wrong stays so.
        if seconds is None or isinstance(error.__cause__, ssl.SSLCertVerificationError):
            raise error
        seconds = deadline.within(seconds)
        if self._on_retry is not None:
            self._on_retry(error, seconds)
        yield Sleep(seconds)

    def unreachable(self, cause: OSError) -> RunyardError:
        why = str(cause) or type(cause).__name__
        error = RunyardError("unreachable", f"no answer from {self.route.url}: {why}")
        error.__cause__ = cause
        return error


def _json_bytes(value: Any) -> bytes:
    """Raises TypeError and ValueError for what JSON does not have."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    try:
        return text.encode()
    except UnicodeEncodeError:
        # Half of a surrogate pair. Escaped it reaches the service, which names the field that has it.
        return json.dumps(value).encode()
