"""AsyncSessions, for asyncio."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any, AsyncGenerator, Awaitable, Callable, List, Mapping, Optional, Sequence, Type, Union

from ._arguments import session_request
from ._session_calls import CommandLine, SessionCalls, code_request, command_request
from ._session_output import Callbacks
from ._async import AsyncDriver, AsyncTerminal, settled
from ._async_input import AsyncInputAnswers
from ._async_packages import telling_progress
from ._uploads import Content
from .types import (
    Command,
    CommandSummary,
    Completion,
    Context,
    Execution,
    ExecutionError,
    ExecutionSummary,
    FileEntry,
    Inspection,
    Result,
    SentComm,
    SessionEvent,
    SessionState,
    Signal,
    StoredFile,
    Watch,
)
from .types import Session as SessionInfo

if TYPE_CHECKING:
    from typing_extensions import Literal, Self, Unpack

    from .types import SessionRequest

_OPTIONS = ("snapshot", "on_progress", "idempotency_key", "timeout")


class AsyncSessionFiles:
    """Files of a session. Paths are relative to its working folder."""

    def __init__(self, driver: AsyncDriver, calls: SessionCalls, session_id: str) -> None:
        self._driver = driver
        self._calls = calls
        self._id = session_id

    async def list(self, path: Optional[str] = None, *, timeout: Optional[float] = None) -> List[FileEntry]:
        """Returns what is in a folder; in the working folder by default."""
        return await self._driver.run(self._calls.list_files(self._id, path, timeout))

    async def read(
        self, path: str, start: int = 0, end: Optional[int] = None, *, timeout: Optional[float] = None
    ) -> bytes:
        """Returns the content of a file, or the part of it from ``start`` to ``end``, both included."""
        return await self._driver.run(self._calls.read_file(self._id, path, start, end, timeout))

    def stream(
        self, path: str, start: int = 0, end: Optional[int] = None, *, timeout: Optional[float] = None
    ) -> AsyncGenerator[bytes, None]:
        """Yields the content of a file piece by piece, as it comes."""
        return self._driver.iterate(self._calls.stream_file(self._id, path, start, end, timeout))

    async def write(
        self, path: str, content: Content, *, mode: Optional[int] = None, timeout: Optional[float] = None
    ) -> int:
        """Makes a file with its folders, or writes it anew, and returns its size.

        content: bytes; a binary file that can seek; or the path of a file on this machine
        mode: permissions, e.g. ``0o755``
        """
        return await self._driver.run(self._calls.write_file(self._id, path, content, mode, timeout))

    async def move(self, source: str, target: str, *, timeout: Optional[float] = None) -> None:
        """Moves or renames a file or folder."""
        return await self._driver.run(self._calls.move_file(self._id, source, target, timeout))

    async def make_folder(self, path: str, *, timeout: Optional[float] = None) -> None:
        """Makes a folder, with those on its way."""
        return await self._driver.run(self._calls.make_folder(self._id, path, timeout))

    async def remove(self, path: str, *, recursive: bool = False, timeout: Optional[float] = None) -> None:
        """Deletes a file; with ``recursive`` a folder with what is in it."""
        return await self._driver.run(self._calls.remove_file(self._id, path, recursive, timeout))

    async def watch(
        self, path: Optional[str] = None, *, recursive: bool = False, timeout: Optional[float] = None
    ) -> Watch:
        """Watches a folder, the working folder by default; ``recursive`` with what is in its folders.

        What changes when this has returned comes by ``watch_events``. At most 8 watches in a session.
        """
        return await self._driver.run(self._calls.watch(self._id, path, recursive, timeout))

    async def watches(self, *, timeout: Optional[float] = None) -> List[Watch]:
        """Returns the folders that are watched."""
        return await self._driver.run(self._calls.watches(self._id, timeout))

    def watch_events(
        self, watch_id: str, after: Optional[str] = None, *, timeout: Optional[float] = None
    ) -> AsyncGenerator[SessionEvent, None]:
        """Yields ``files`` with what changed, to the end of the watch. A connection that is lost is made again.

        ``gap`` stands where changes are no longer kept: list the folder then.
        """
        return self._driver.iterate(self._calls.watch_events(self._id, watch_id, after, timeout))

    async def unwatch(self, watch_id: str, *, timeout: Optional[float] = None) -> Watch:
        """Ends a watch."""
        return await self._driver.run(self._calls.unwatch(self._id, watch_id, timeout))


class AsyncSessionContexts:
    """The contexts of a session: interpreters, each with its own state."""

    def __init__(self, driver: AsyncDriver, calls: SessionCalls, session_id: str) -> None:
        self._driver = driver
        self._calls = calls
        self._id = session_id

    async def create(
        self,
        context_id: Optional[str] = None,
        *,
        cwd: Optional[str] = None,
        env: Optional[Mapping[str, str]] = None,
        timeout: Optional[float] = None,
    ) -> Context:
        """Starts another context, and returns it when it can be used."""
        return await self._driver.run(self._calls.create_context(self._id, context_id, cwd, env, timeout))

    async def list(self, *, timeout: Optional[float] = None) -> List[Context]:
        """Returns the contexts."""
        return await self._driver.run(self._calls.contexts(self._id, timeout))

    async def interrupt(
        self, context_id: str = "default", *, execution: Optional[str] = None, timeout: Optional[float] = None
    ) -> Context:
        """Interrupts what runs in a context; its state stays.

        execution: id of the only one to end: interrupted when it runs, cancelled when it waits
        """
        return await self._driver.run(self._calls.interrupt(self._id, context_id, execution, timeout))

    async def restart(self, context_id: str = "default", *, timeout: Optional[float] = None) -> Context:
        """Starts a context anew: its state is lost. Also revives one whose kernel died."""
        return await self._driver.run(self._calls.restart(self._id, context_id, timeout))

    async def remove(self, context_id: str, *, timeout: Optional[float] = None) -> Context:
        """Ends a context."""
        return await self._driver.run(self._calls.delete_context(self._id, context_id, timeout))

    async def send_comm(
        self,
        kind: str,
        content: Mapping[str, Any],
        *,
        metadata: Optional[Mapping[str, Any]] = None,
        buffers: Sequence[bytes] = (),
        context_id: str = "default",
        timeout: Optional[float] = None,
    ) -> SentComm:
        """Passes a message of a widget to its kernel. What it causes comes as events ``comm`` with its id as ``parent``.

        :param kind: ``comm_open``, ``comm_msg`` or ``comm_close``
        :param content: as the Jupyter protocol has it: ``comm_id``, ``data``, ...
        """
        call = self._calls.send_comm(self._id, context_id, kind, content, metadata, buffers, timeout)
        return await self._driver.run(call)


class AsyncSessionCommands:
    """Processes of a session. A command is a line for ``sh``, or a list of arguments."""

    def __init__(self, driver: AsyncDriver, calls: SessionCalls, session_id: str) -> None:
        self._driver = driver
        self._calls = calls
        self._id = session_id

    async def run(
        self,
        command: CommandLine,
        *,
        cwd: Optional[str] = None,
        env: Optional[Mapping[str, str]] = None,
        stdin: Optional[str] = None,
        timeout_ms: Optional[int] = None,
        on_stdout: Optional[Callable[[str], Any]] = None,
        on_stderr: Optional[Callable[[str], Any]] = None,
        idempotency_key: Optional[str] = None,
        timeout: Optional[float] = None,
    ) -> Command:
        """Runs a command and returns it when it has ended. One that fails raises nothing: see ``status`` and ``exitCode``.

        timeout_ms: then the command is killed; 30 s by default
        on_stdout, on_stderr: called with the output as it comes; may be coroutine functions
        timeout: of the call, in seconds; the command goes on
        """
        body = command_request(command, cwd, env, stdin, timeout_ms)
        callbacks = Callbacks(stdout=on_stdout, stderr=on_stderr)
        if not callbacks.any:
            return await self._driver.run(self._calls.run_command(self._id, body, idempotency_key, timeout))
        made = await self._driver.run(self._calls.start_command(self._id, body, idempotency_key, timeout))
        async for event in self.stream(made["id"], timeout=timeout):
            await settled(callbacks.take(event))
        return await self.wait(made["id"], timeout=timeout)

    async def start(
        self,
        command: CommandLine,
        *,
        cwd: Optional[str] = None,
        env: Optional[Mapping[str, str]] = None,
        stdin: Optional[str] = None,
        timeout_ms: Optional[int] = None,
        background: bool = False,
        interactive: bool = False,
        columns: Optional[int] = None,
        rows: Optional[int] = None,
        idempotency_key: Optional[str] = None,
        timeout: Optional[float] = None,
    ) -> Command:
        """Starts a command and returns it as it runs.

        background: it has no time limit, and does not keep an idle session alive
        interactive: its standard input stays open for ``write``
        columns, rows: with one of these it has a terminal
        """
        body = command_request(command, cwd, env, stdin, timeout_ms, background, interactive, columns, rows)
        return await self._driver.run(self._calls.start_command(self._id, body, idempotency_key, timeout))

    async def get(self, command_id: str, *, timeout: Optional[float] = None) -> Command:
        """Returns a command as it is now, with its output so far."""
        return await self._driver.run(self._calls.command(self._id, command_id, timeout))

    async def wait(self, command_id: str, *, timeout: Optional[float] = None) -> Command:
        """Returns a command when it has ended."""
        return await self._driver.run(self._calls.wait_command(self._id, command_id, timeout))

    async def list(self, *, timeout: Optional[float] = None) -> List[CommandSummary]:
        """Returns those that run, and those that ended last, without their output."""
        return await self._driver.run(self._calls.commands(self._id, timeout))

    def stream(
        self, command_id: str, after: Optional[str] = None, *, timeout: Optional[float] = None
    ) -> AsyncGenerator[SessionEvent, None]:
        """Yields the events of a command, to its end. A connection that is lost is made again."""
        return self._driver.iterate(self._calls.stream_command(self._id, command_id, after, timeout))

    async def write(
        self, command_id: str, data: Union[str, bytes] = "", *, end: bool = False, timeout: Optional[float] = None
    ) -> Command:
        """Writes to the standard input of an interactive command; ``end`` ends it behind that."""
        return await self._driver.run(self._calls.write_input(self._id, command_id, data, end, timeout))

    async def signal(
        self, command_id: str, name: Signal, *, tree: bool = False, timeout: Optional[float] = None
    ) -> Command:
        """Sends a signal to the process group of a command; with ``tree`` to all that it started."""
        return await self._driver.run(self._calls.signal(self._id, command_id, name, tree, timeout))

    async def resize(self, command_id: str, columns: int, rows: int, *, timeout: Optional[float] = None) -> Command:
        """Gives the terminal of a command another size."""
        return await self._driver.run(self._calls.resize(self._id, command_id, columns, rows, timeout))

    def terminal(self, command_id: str) -> AsyncTerminal:
        """Returns the terminal of a command that was started with ``columns`` or ``rows``. ``async with`` leaves it; the command goes on."""
        return AsyncTerminal(self._driver, self._calls.http, self._id, command_id)


class AsyncSession:
    """A session that is worked with: interpreters with state, commands and files. ``async with`` ends it.

    id: of the session
    """

    def __init__(self, driver: AsyncDriver, calls: SessionCalls, session_id: str) -> None:
        self.id = session_id
        self._driver = driver
        self._calls = calls
        self.files = AsyncSessionFiles(driver, calls, session_id)
        self.contexts = AsyncSessionContexts(driver, calls, session_id)
        self.commands = AsyncSessionCommands(driver, calls, session_id)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        await self.end()

    async def read(self, *, timeout: Optional[float] = None) -> SessionInfo:
        """Returns the session as it is now."""
        return await self._driver.run(self._calls.get(self.id, timeout))

    async def extend(
        self,
        *,
        idle_timeout_ms: Optional[int] = None,
        max_lifetime_ms: Optional[int] = None,
        timeout: Optional[float] = None,
    ) -> SessionInfo:
        """Changes its times. ``max_lifetime_ms`` counts from its start."""
        return await self._driver.run(self._calls.extend(self.id, idle_timeout_ms, max_lifetime_ms, timeout))

    async def snapshot(
        self, *, name: Optional[str] = None, ttl_seconds: Optional[int] = None, timeout: Optional[float] = None
    ) -> StoredFile:
        """Keeps its working folder as a file of yours, a tar archive, and returns the file.

        ``sessions.create(snapshot=file["id"])`` starts with it.
        name: for people
        ttl_seconds: how long to keep it; at most what the service keeps
        """
        return await self._driver.run(self._calls.snapshot(self.id, name, ttl_seconds, timeout))

    async def end(self, *, timeout: Optional[float] = None) -> SessionInfo:
        """Ends it with all that is in it. One that has ended stays as it is."""
        return await self._driver.run(self._calls.end(self.id, timeout))

    def events(
        self, after: Optional[str] = None, *, timeout: Optional[float] = None
    ) -> AsyncGenerator[SessionEvent, None]:
        """Yields what happens in it, to ``ended``. A connection that is lost is made again."""
        return self._driver.iterate(self._calls.events(self.id, after, timeout))

    async def run_code(
        self,
        code: str,
        *,
        context: Optional[str] = None,
        timeout_ms: Optional[int] = None,
        cpu_ms: Optional[int] = None,
        silent: bool = False,
        on_start: Optional[Callable[[Execution], Any]] = None,
        on_stdout: Optional[Callable[[str], Any]] = None,
        on_stderr: Optional[Callable[[str], Any]] = None,
        on_result: Optional[Callable[[Result], Any]] = None,
        on_error: Optional[Callable[[ExecutionError], Any]] = None,
        on_input: Optional[Callable[[str], Union[str, Awaitable[str]]]] = None,
        idempotency_key: Optional[str] = None,
        timeout: Optional[float] = None,
    ) -> Execution:
        """Runs code in an interpreter that keeps its state, and returns the execution when it has ended.

        Code that fails raises nothing: see ``status`` and ``error``.
        timeout_ms: then it is interrupted; 30 s by default
        cpu_ms: so much CPU time of all processes of the session while it runs, then it is interrupted; no limit by default
        silent: no result and no count
        on_start: called with the execution when the service has taken it
        on_stdout, on_stderr, on_result, on_error: called with the output as it comes; may be coroutine functions
        on_input: called with the prompt of ``input()``, and returns the line; without it, asking is an error. A coroutine function is
            cancelled when the execution ends, which ends the call. A thread that it waits for is not: what
            ``asyncio.to_thread(input)`` leaves behind takes the next line, and ``asyncio.run`` waits for it
        timeout: of the call, in seconds; the execution goes on
        """
        body = code_request(code, context, timeout_ms, cpu_ms, silent, on_input is not None)
        callbacks = Callbacks(on_stdout, on_stderr, on_result, on_error)
        if not callbacks.any and on_input is None and on_start is None:
            return await self._driver.run(self._calls.run_code(self.id, body, idempotency_key, timeout))
        made = await self._driver.run(self._calls.start_code(self.id, body, idempotency_key, timeout))
        if on_start is not None:
            await settled(on_start(made))
        if on_input is None:
            async for event in self.stream_execution(made["id"], timeout=timeout):
                await settled(callbacks.take(event))
        else:
            await self._follow(made["id"], callbacks, on_input, timeout)
        return await self.wait_execution(made["id"], timeout=timeout)

    async def _follow(
        self,
        execution_id: str,
        callbacks: Callbacks,
        on_input: Callable[[str], Union[str, Awaitable[str]]],
        timeout: Optional[float],
    ) -> None:
        """Raises what keeps a question from being answered."""

        async def asked(prompt: str) -> str:
            value: str = await settled(on_input(prompt))
            return value

        async def send(value: str) -> None:
            await self.answer_input(execution_id, value, timeout=timeout)

        answers = AsyncInputAnswers(asked, send)

        async def events() -> None:
            async for event in self.stream_execution(execution_id, timeout=timeout):
                await settled(callbacks.take(event))
                if event["type"] == "input-request":
                    answers.ask(event["data"]["prompt"])

        await answers.until(events())

    async def start_code(
        self,
        code: str,
        *,
        context: Optional[str] = None,
        timeout_ms: Optional[int] = None,
        cpu_ms: Optional[int] = None,
        silent: bool = False,
        allow_input: bool = False,
        idempotency_key: Optional[str] = None,
        timeout: Optional[float] = None,
    ) -> Execution:
        """Starts an execution and returns it as it was accepted."""
        body = code_request(code, context, timeout_ms, cpu_ms, silent, allow_input)
        return await self._driver.run(self._calls.start_code(self.id, body, idempotency_key, timeout))

    async def execution(self, execution_id: str, *, timeout: Optional[float] = None) -> Execution:
        """Returns an execution as it is now."""
        return await self._driver.run(self._calls.execution(self.id, execution_id, timeout))

    async def wait_execution(self, execution_id: str, *, timeout: Optional[float] = None) -> Execution:
        """Returns an execution when it has ended."""
        return await self._driver.run(self._calls.wait_execution(self.id, execution_id, timeout))

    async def executions(self, *, timeout: Optional[float] = None) -> List[ExecutionSummary]:
        """Returns those that wait, run, and ended last, without their output and results."""
        return await self._driver.run(self._calls.executions(self.id, timeout))

    def stream_execution(
        self, execution_id: str, after: Optional[str] = None, *, timeout: Optional[float] = None
    ) -> AsyncGenerator[SessionEvent, None]:
        """Yields the events of an execution, to its end. A connection that is lost is made again."""
        return self._driver.iterate(self._calls.stream_execution(self.id, execution_id, after, timeout))

    async def answer_input(self, execution_id: str, value: str, *, timeout: Optional[float] = None) -> Execution:
        """Answers an execution that asks for input."""
        return await self._driver.run(self._calls.answer_input(self.id, execution_id, value, timeout))

    async def complete(
        self,
        code: str,
        cursor: Optional[int] = None,
        *,
        context: Optional[str] = None,
        timeout: Optional[float] = None,
    ) -> Completion:
        """Returns what could stand at a place of the code, in characters; at its end by default."""
        return await self._driver.run(self._calls.complete(self.id, code, cursor, context, timeout))

    async def inspect(
        self,
        code: str,
        cursor: Optional[int] = None,
        *,
        context: Optional[str] = None,
        detail: Literal["short", "long"] = "short",
        timeout: Optional[float] = None,
    ) -> Inspection:
        """Returns what is known of the name at a place of the code."""
        return await self._driver.run(self._calls.inspect(self.id, code, cursor, context, detail, timeout))


class AsyncSessions:
    """Sandboxes that stay: interpreters with state, commands and files."""

    def __init__(self, driver: AsyncDriver, calls: SessionCalls) -> None:
        self._driver = driver
        self._calls = calls

    async def create(
        self,
        *,
        snapshot: Optional[str] = None,
        on_progress: Optional[Callable[[str], Any]] = None,
        idempotency_key: Optional[str] = None,
        timeout: Optional[float] = None,
        **request: Unpack[SessionRequest],
    ) -> AsyncSession:
        """Starts a session and returns it when it runs: ``async with await client.sessions.create() as session``.

        request: the fields of ``POST /v1/sessions``: language, version, kernel, environment, dependencies, files, limits, idleTimeoutMs,
            maxLifetimeMs, env, webhook, metadata, endUser. Any other raises TypeError
        snapshot: id of a file that ``snapshot()`` of a session made: it starts with that working folder
        on_progress: called with what is being done while its ``dependencies`` are installed, such as ``installing numpy 2.3.1``, where the key
            has the scope ``jobs``; may be a coroutine function
        idempotency_key: the same key with the same request is the same session, for 24 hours; by default one for each call
        """
        body = {**session_request("create", request, _OPTIONS), **({} if snapshot is None else {"from": snapshot})}
        ask = self._calls.create(body, idempotency_key, timeout)
        if on_progress is None or not body.get("dependencies"):
            made = await self._driver.run(ask)
        else:
            packages = self._calls.packages(body, timeout)
            made = await telling_progress(
                self._driver, ask, packages, on_progress, lambda unwanted: self._calls.end(unwanted["id"], timeout)
            )
        return self.open(made["id"])

    def open(self, session_id: str) -> AsyncSession:
        """Returns a session that was started before. Asks the service for nothing."""
        return AsyncSession(self._driver, self._calls, session_id)

    async def get(self, session_id: str, *, timeout: Optional[float] = None) -> SessionInfo:
        """Returns a session as it is now."""
        return await self._driver.run(self._calls.get(session_id, timeout))

    def list(self, state: Optional[SessionState] = None) -> AsyncGenerator[SessionInfo, None]:
        """Yields your sessions, newest first. Pages are read as they are needed."""
        return self._driver.iterate(self._calls.list(state))

    async def end(self, session_id: str, *, timeout: Optional[float] = None) -> SessionInfo:
        """Ends a session."""
        return await self._driver.run(self._calls.end(session_id, timeout))
