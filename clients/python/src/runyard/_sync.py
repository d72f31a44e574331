"""The flows by blocking sockets."""

from __future__ import annotations

import selectors
import socket
import ssl
import threading
import time
from types import TracebackType
from typing import TYPE_CHECKING, Any, Callable, Generator, Generic, List, Optional, Sequence, Type, TypeVar, Union, cast

from ._effects import Connect, Connection, Effect, Emit, Flow, Receive, Send, Sleep
from ._interactive import Conversation, Sent, input_messages
from ._route import Route
from ._session import Session
from ._terminal import TerminalTalk, told, typed
from ._tunnel import open_tunnel
from .types import CommandState, JobEvent, JobSummary, Signal, TerminalEvent

if TYPE_CHECKING:
    from typing_extensions import Self

T = TypeVar("T")
Talked = TypeVar("Talked", Conversation, TerminalTalk)
_RECEIVE_BYTES = 64 * 1024
# Not epoll, which forgets a socket that another thread closes, and would not wake.
_Selector: Type[selectors.BaseSelector] = getattr(selectors, "PollSelector", selectors.SelectSelector)


class SocketConnection:
    """A socket that does not block, and is waited for here: one thread may receive while another sends, also with TLS."""

    def __init__(self, raw: socket.socket) -> None:
        raw.setblocking(False)
        self._socket = raw
        # OpenSSL takes one call at a time for each connection.
        self._calling = threading.Lock()

    def start_tls(self, context: ssl.SSLContext, host: str, deadline: float) -> None:
        secure = context.wrap_socket(self._socket, server_hostname=host, do_handshake_on_connect=False)
        self._socket = secure
        self._do(secure.do_handshake, selectors.EVENT_READ, deadline)

    def send(self, data: bytes, deadline: float) -> None:
        view = memoryview(data)
        while view:
            sent = self._do(lambda: self._socket.send(view), selectors.EVENT_WRITE, deadline)
            view = view[sent:]

    def receive(self, deadline: float) -> bytes:
        return self._do(lambda: self._socket.recv(_RECEIVE_BYTES), selectors.EVENT_READ, deadline)

    def is_usable(self) -> bool:
        with _Selector() as selector:
            try:
                selector.register(self._socket, selectors.EVENT_READ)
            except ValueError:
                return False
            # Whatever came without being asked for, the end most likely.
            return not selector.select(0)

    def close(self) -> None:
        try:
            # Wakes a thread that waits for it.
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._socket.close()

    def __del__(self) -> None:
        # A client that is used without `with` leaves no sockets behind.
        self._socket.close()

    def _do(self, call: Callable[[], T], wanted: int, deadline: float) -> T:
        while True:
            try:
                with self._calling:
                    return call()
            except (BlockingIOError, InterruptedError):
                event = wanted
            except ssl.SSLWantReadError:
                event = selectors.EVENT_READ
            except ssl.SSLWantWriteError:
                event = selectors.EVENT_WRITE
            self._await(event, deadline)

    def _await(self, event: int, deadline: float) -> None:
        seconds = deadline - time.monotonic()
        with _Selector() as selector:
            try:
                selector.register(self._socket, event)
            except ValueError:
                raise ConnectionAbortedError("the connection was closed here") from None
            if seconds <= 0 or not selector.select(seconds):
                raise TimeoutError("nothing came in time")


class Driver:
    """Does what flows want done, in the calling thread.

    tls: asked for the first time that a connection needs it
    """

    def __init__(self, tls: Callable[[], ssl.SSLContext]) -> None:
        self.tls = tls

    def run(self, flow: Flow[T]) -> T:
        """The result of a flow that emits nothing."""
        outcome: Any = None
        error: Optional[Exception] = None
        try:
            while True:
                try:
                    effect = flow.send(outcome) if error is None else flow.throw(error)
                except StopIteration as stop:
                    return cast(T, stop.value)
                outcome, error = self._attempt(effect)
        finally:
            # An interruption (KeyboardInterrupt above all) ends the flow where it is, and with it its connections.
            flow.close()

    def iterate(self, flow: Flow[None]) -> Generator[Any, None, None]:
        """What a flow emits."""
        outcome: Any = None
        error: Optional[Exception] = None
        try:
            while True:
                try:
                    effect = flow.send(outcome) if error is None else flow.throw(error)
                except StopIteration:
                    return
                outcome, error = None, None
                if isinstance(effect, Emit):
                    yield effect.value
                else:
                    outcome, error = self._attempt(effect)
        finally:
            flow.close()

    def _attempt(self, effect: Effect) -> tuple[Any, Optional[Exception]]:
        try:
            return self._do(effect), None
        except Exception as error:
            return None, error

    def _do(self, effect: Effect) -> Any:
        if isinstance(effect, Sleep):
            return time.sleep(effect.seconds)
        if isinstance(effect, Connect):
            return self._connect(effect.route, time.monotonic() + effect.timeout)
        if isinstance(effect, Send):
            return _own(effect.connection).send(effect.data, time.monotonic() + effect.timeout)
        if isinstance(effect, Receive):
            return _own(effect.connection).receive(time.monotonic() + effect.timeout)
        raise TypeError(f"{effect!r} is for those who iterate")

    def _connect(self, route: Route, deadline: float) -> SocketConnection:
        proxy = route.proxy
        host, port = (route.host, route.port) if proxy is None else (proxy.host, proxy.port)
        raw = socket.create_connection((host, port), timeout=max(0.001, deadline - time.monotonic()))
        connection = SocketConnection(raw)
        try:
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if route.tls:
                if proxy is not None:
                    seconds = deadline - time.monotonic()
                    self.run(open_tunnel(connection, route, proxy, seconds))
                connection.start_tls(self.tls(), route.host, deadline)
        except BaseException:
            connection.close()
            raise
        return connection


def _own(connection: Connection) -> SocketConnection:
    return cast(SocketConnection, connection)


def lazy_tls(given: Optional[ssl.SSLContext]) -> Callable[[], ssl.SSLContext]:
    """Reads the certificates of the machine when they are first needed: that takes tens of milliseconds."""
    made: List[ssl.SSLContext] = [] if given is None else [given]

    def tls() -> ssl.SSLContext:
        if not made:
            made.append(ssl.create_default_context())
        return made[0]

    return tls


class _Talker(Generic[Talked]):
    """What is talked to: receives for all threads that wait, and sends."""

    def __init__(self, driver: Driver, talk: Talked) -> None:
        self._driver = driver
        self._conversation = talk
        self._changed = threading.Condition()
        self._sending = threading.Lock()
        self._has_receiver = False

    def close(self) -> None:
        """Goes away. What it was talked to goes on."""
        with self._changed:
            self._conversation.leave()
            self._changed.notify_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.close()

    def _events(self) -> Generator[Any, None, None]:
        conversation = self._conversation
        while True:
            self._until(lambda: bool(conversation.events) or conversation.over)
            with self._changed:
                event = conversation.events.popleft() if conversation.events else None
            if event is not None:
                yield event
            elif conversation.over:
                if conversation.error is not None:
                    raise conversation.error
                return

    def _send(self, messages: Sequence[Any], first: bool = False) -> None:
        with self._changed:
            self._conversation.add(messages, first)
        self._flush()
        self._until(lambda: all(message.done for message in messages))
        for message in messages:
            if message.error is not None:
                raise message.error

    def _flush(self) -> None:
        with self._sending:
            with self._changed:
                outgoing = self._conversation.outgoing()
            if outgoing is not None:
                connection, data = outgoing
                try:
                    self._driver.run(_sent(connection, data))
                except OSError:
                    # Whoever receives sees it too, and connects again.
                    connection.close()
                except BaseException:
                    # Half of a message may have been sent.
                    connection.close()
                    raise

    def _until(self, is_so: Callable[[], bool]) -> None:
        """Receives, unless another thread does, until it is so."""
        with self._changed:
            while not is_so():
                if self._has_receiver:
                    self._changed.wait()
                    continue
                self._has_receiver = True
                self._changed.release()
                try:
                    self._driver.run(self._conversation.advance())
                    self._flush()
                finally:
                    self._changed.acquire()
                    self._has_receiver = False
                    self._changed.notify_all()


class InteractiveJob(_Talker[Conversation]):
    """A job that is talked to while it runs. Iterate it for its events; each comes once.

    May be shared by threads: one may write while another iterates. Nothing runs in the background, so answer to a program
    within 45 s, or iterate; a connection that is lost by that is made again by the next call.

    id: of the job
    """

    def __init__(self, driver: Driver, session: Session, job_id: str) -> None:
        super().__init__(driver, Conversation(session, job_id))
        self.id = job_id

    def write(self, data: Union[str, bytes]) -> None:
        """Sends standard input, and returns when the service has all of it: input is never made faster than it is read.

        Raises RunyardError when it is refused, e.g. ``input-closed``.
        """
        self._send(input_messages(data))

    def end(self) -> None:
        """Ends standard input, behind what was written."""
        self._send([Sent({"type": "eof"})])

    def signal(self, name: Signal) -> None:
        """Sends a signal to the program, past the input that waits."""
        self._send([Sent({"type": "signal", "signal": name})], first=True)

    def resize(self, columns: int, rows: int) -> None:
        """Gives the job's terminal another size, if it has one."""
        self._send([Sent({"type": "resize", "columns": columns, "rows": rows})])

    def result(self) -> JobSummary:
        """The job, without its output, when it has ended. Its events can be read afterwards."""
        self._until(lambda: self._conversation.over)
        if self._conversation.result is None:
            raise self._conversation.refusal()
        return self._conversation.result

    def __iter__(self) -> Generator[JobEvent, None, None]:
        yield from self._events()


class Terminal(_Talker[TerminalTalk]):
    """The terminal of a command of a session. Iterate it for what comes: first what is still kept.

    May be shared by threads: one may type while another iterates. Nothing runs in the background, so answer within 45 s, or iterate; a
    connection that is lost by that is made again by the next call. Then an event ``reset`` comes, and what is still kept comes again:
    clear the screen. What was on its way to the service when a connection was lost is lost.

    id: of the command
    """

    def __init__(self, driver: Driver, http: Session, session_id: str, command_id: str) -> None:
        super().__init__(driver, TerminalTalk(http, session_id, command_id))
        self.id = command_id

    def write(self, data: Union[str, bytes]) -> None:
        """Types this. A line ends with a carriage return."""
        self._send(typed(data))

    def end(self) -> None:
        """Ends its input, behind what was typed."""
        self._send(told({"type": "eof"}))

    def signal(self, name: Signal) -> None:
        """Sends a signal to what is in the foreground, before what waits to be typed."""
        self._send(told({"type": "signal", "signal": name}), first=True)

    def resize(self, columns: int, rows: int) -> None:
        """Gives it another size."""
        self._send(told({"type": "resize", "columns": columns, "rows": rows}))

    def result(self) -> CommandState:
        """The command, without its output, when it has ended. What came can be read afterwards."""
        self._until(lambda: self._conversation.over)
        if self._conversation.result is None:
            raise self._conversation.refusal()
        return self._conversation.result

    def __iter__(self) -> Generator[TerminalEvent, None, None]:
        yield from self._events()


def _sent(connection: Connection, data: bytes) -> Flow[None]:
    yield Send(connection, data, 45.0)
