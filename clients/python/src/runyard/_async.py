"""The flows by asyncio."""

from __future__ import annotations

import asyncio
import ssl
from inspect import isawaitable
from types import TracebackType
from typing import TYPE_CHECKING, Any, AsyncGenerator, Callable, Generic, List, Optional, Sequence, Type, TypeVar, Union, cast

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
# What may come before somebody takes it.
_BUFFER_BYTES = 256 * 1024
_LATE = "nothing came in time"


class AsyncConnection(asyncio.Protocol):
    """A connection of an event loop. Its streams would not do: they cannot begin TLS behind a proxy before Python 3.11."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: Optional[asyncio.Transport] = None
        self._buffer = bytearray()
        self._ended = False
        self._error: Optional[Exception] = None
        self._reader: Optional[asyncio.Future[None]] = None
        self._writers: List[asyncio.Future[None]] = []
        self._full = False
        self._reading = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if len(self._buffer) > _BUFFER_BYTES and self._reading and self._transport is not None:
            self._reading = False
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> bool:
        self._ended = True
        self._wake()
        return False

    def connection_lost(self, exc: Optional[Exception]) -> None:
        self._ended, self._error = True, exc
        self._wake()
        self.resume_writing()

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        for writer in self._writers:
            if not writer.done():
                writer.set_result(None)
        self._writers.clear()

    async def start_tls(self, context: ssl.SSLContext, host: str) -> None:
        assert self._transport is not None
        secure = await self._loop.start_tls(self._transport, self, context, server_hostname=host)
        if secure is None:
            raise ConnectionError("TLS did not start")
        self._transport = secure

    async def send(self, data: bytes, timeout: float) -> None:
        if self._transport is None or self._transport.is_closing():
            raise self._error or ConnectionAbortedError("the connection was closed")
        self._transport.write(data)
        if self._full:
            writer: asyncio.Future[None] = self._loop.create_future()
            self._writers.append(writer)
            await self._settled(writer, timeout)

    async def receive(self, timeout: float) -> bytes:
        while not self._buffer:
            if self._ended:
                if self._error is not None:
                    raise self._error
                return b""
            self._reader = self._loop.create_future()
            try:
                await self._settled(self._reader, timeout)
            finally:
                self._reader = None
        data = bytes(self._buffer)
        self._buffer.clear()
        if not self._reading and self._transport is not None and not self._ended:
            self._reading = True
            self._transport.resume_reading()
        return data

    def is_usable(self) -> bool:
        # A loop that has ended took its connections with it.
        is_of_this_loop = self._loop is asyncio.get_running_loop()
        is_open = self._transport is not None and not self._transport.is_closing()
        return is_of_this_loop and is_open and not self._ended and not self._buffer

    def close(self) -> None:
        self._ended = True
        if self._transport is not None and not self._loop.is_closed():
            self._transport.abort()
        self._wake()

    async def _settled(self, future: asyncio.Future[None], timeout: float) -> None:
        # Not wait_for(), which before Python 3.12 may lose the cancellation of its task.
        late = self._loop.call_later(timeout, _time_out, future)
        try:
            await future
        finally:
            late.cancel()

    def _wake(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)


class AsyncDriver:
    """Does what flows want done, in the calling task."""

    def __init__(self, tls: Callable[[], ssl.SSLContext]) -> None:
        self._tls = tls

    async def run(self, flow: Flow[T]) -> T:
        """The result of a flow that emits nothing."""
        outcome: Any = None
        error: Optional[Exception] = None
        try:
            while True:
                try:
                    effect = flow.send(outcome) if error is None else flow.throw(error)
                except StopIteration as stop:
                    return cast(T, stop.value)
                outcome, error = await self._attempt(effect)
        finally:
            # A cancelled task ends the flow where it is, and with it its connections.
            flow.close()

    async def iterate(self, flow: Flow[None]) -> AsyncGenerator[Any, None]:
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
                    outcome, error = await self._attempt(effect)
        finally:
            flow.close()

    async def _attempt(self, effect: Effect) -> tuple[Any, Optional[Exception]]:
        try:
            return await self._do(effect), None
        except Exception as error:
            return None, error

    async def _do(self, effect: Effect) -> Any:
        if isinstance(effect, Sleep):
            return await asyncio.sleep(effect.seconds)
        if isinstance(effect, Connect):
            try:
                return await asyncio.wait_for(self._connect(effect.route, effect.timeout), effect.timeout)
            except asyncio.TimeoutError:
                # A name for the built-in exception only from Python 3.11 on.
                raise TimeoutError(_LATE) from None
        if isinstance(effect, Send):
            return await _own(effect.connection).send(effect.data, effect.timeout)
        if isinstance(effect, Receive):
            return await _own(effect.connection).receive(effect.timeout)
        raise TypeError(f"{effect!r} is for those who iterate")

    async def _connect(self, route: Route, timeout: float) -> AsyncConnection:
        proxy = route.proxy
        host, port = (route.host, route.port) if proxy is None else (proxy.host, proxy.port)
        is_direct = route.tls and proxy is None
        _, connection = await asyncio.get_running_loop().create_connection(
            AsyncConnection,
            host,
            port,
            ssl=self._tls() if is_direct else None,
            server_hostname=route.host if is_direct else None,
        )
        try:
            if route.tls and proxy is not None:
                await self.run(open_tunnel(connection, route, proxy, timeout))
                await connection.start_tls(self._tls(), route.host)
        except BaseException:
            connection.close()
            raise
        return connection


def _time_out(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_exception(TimeoutError(_LATE))


def _own(connection: Connection) -> AsyncConnection:
    return cast(AsyncConnection, connection)


async def settled(value: Any) -> Any:
    """What a callback returned, awaited if it is to be."""
    return await value if isawaitable(value) else value


class _AsyncTalker(Generic[Talked]):
    """What is talked to: receives for all tasks that wait, and sends."""

    def __init__(self, driver: AsyncDriver, talk: Talked) -> None:
        self._driver = driver
        self._conversation = talk
        # Made in the event loop, which Python 3.9 binds it to.
        self._sending: Optional[asyncio.Lock] = None
        self._has_receiver = False
        self._waiting: List[asyncio.Future[None]] = []

    async def close(self) -> None:
        """Goes away. What it was talked to goes on."""
        self._conversation.leave()
        self._wake()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        await self.close()

    async def _events(self) -> AsyncGenerator[Any, None]:
        conversation = self._conversation
        while True:
            await self._until(lambda: bool(conversation.events) or conversation.over)
            if conversation.events:
                yield conversation.events.popleft()
            elif conversation.error is not None:
                raise conversation.error
            else:
                return

    async def _send(self, messages: Sequence[Any], first: bool = False) -> None:
        self._conversation.add(messages, first)
        await self._flush()
        await self._until(lambda: all(message.done for message in messages))
        for message in messages:
            if message.error is not None:
                raise message.error

    async def _flush(self) -> None:
        self._sending = self._sending or asyncio.Lock()
        async with self._sending:
            outgoing = self._conversation.outgoing()
            if outgoing is not None:
                connection, data = outgoing
                try:
                    await self._driver.run(_sent(connection, data))
                except OSError:
                    # Whoever receives sees it too, and connects again.
                    connection.close()

    async def _until(self, is_so: Callable[[], bool]) -> None:
        """Receives, unless another task does, until it is so."""
        while not is_so():
            if self._has_receiver:
                change: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                self._waiting.append(change)
                await change
                continue
            self._has_receiver = True
            try:
                await self._driver.run(self._conversation.advance())
                await self._flush()
            finally:
                self._has_receiver = False
                self._wake()

    def _wake(self) -> None:
        for change in self._waiting:
            if not change.done():
                change.set_result(None)
        self._waiting.clear()


class AsyncInteractiveJob(_AsyncTalker[Conversation]):
    """A job that is talked to while it runs. Iterate it with ``async for`` for its events; each comes once.

    Tasks may share it: one may write while another iterates. Nothing runs in the background, so answer to a program within
    45 s, or iterate; a connection that is lost by that is made again by the next call.

    id: of the job
    """

    def __init__(self, driver: AsyncDriver, session: Session, job_id: str) -> None:
        super().__init__(driver, Conversation(session, job_id))
        self.id = job_id

    async def write(self, data: Union[str, bytes]) -> None:
        """Sends standard input, and returns when the service has all of it: input is never made faster than it is read.

        Raises RunyardError when it is refused, e.g. ``input-closed``.
        """
        await self._send(input_messages(data))

    async def end(self) -> None:
        """Ends standard input, behind what was written."""
        await self._send([Sent({"type": "eof"})])

    async def signal(self, name: Signal) -> None:
        """Sends a signal to the program, past the input that waits."""
        await self._send([Sent({"type": "signal", "signal": name})], first=True)

    async def resize(self, columns: int, rows: int) -> None:
        """Gives the job's terminal another size, if it has one."""
        await self._send([Sent({"type": "resize", "columns": columns, "rows": rows})])

    async def result(self) -> JobSummary:
        """The job, without its output, when it has ended. Its events can be read afterwards."""
        await self._until(lambda: self._conversation.over)
        if self._conversation.result is None:
            raise self._conversation.refusal()
        return self._conversation.result

    def __aiter__(self) -> AsyncGenerator[JobEvent, None]:
        return self._events()


class AsyncTerminal(_AsyncTalker[TerminalTalk]):
    """The terminal of a command of a session. Iterate it with ``async for`` for what comes: first what is still kept.

    Tasks may share it: one may type while another iterates. Nothing runs in the background, so answer within 45 s, or iterate; a
    connection that is lost by that is made again by the next call. Then an event ``reset`` comes, and what is still kept comes again:
    clear the screen. What was on its way to the service when a connection was lost is lost.

    id: of the command
    """

    def __init__(self, driver: AsyncDriver, http: Session, session_id: str, command_id: str) -> None:
        super().__init__(driver, TerminalTalk(http, session_id, command_id))
        self.id = command_id

    async def write(self, data: Union[str, bytes]) -> None:
        """Types this. A line ends with a carriage return."""
        await self._send(typed(data))

    async def end(self) -> None:
        """Ends its input, behind what was typed."""
        await self._send(told({"type": "eof"}))

    async def signal(self, name: Signal) -> None:
        """Sends a signal to what is in the foreground, before what waits to be typed."""
        await self._send(told({"type": "signal", "signal": name}), first=True)

    async def resize(self, columns: int, rows: int) -> None:
        """Gives it another size."""
        await self._send(told({"type": "resize", "columns": columns, "rows": rows}))

    async def result(self) -> CommandState:
        """The command, without its output, when it has ended. What came can be read afterwards."""
        await self._until(lambda: self._conversation.over)
        if self._conversation.result is None:
            raise self._conversation.refusal()
        return self._conversation.result

    def __aiter__(self) -> AsyncGenerator[TerminalEvent, None]:
        return self._events()


def _sent(connection: Connection, data: bytes) -> Flow[None]:
    yield Send(connection, data, 45.0)
