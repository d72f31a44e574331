"""The API of sessions as flows. Both clients document them."""

from __future__ import annotations

import base64
import uuid
from typing import Any, Dict, List, Mapping, Optional, Sequence, Union, cast
from urllib.parse import quote, urlencode

from ._calls import Calls, byte_range, part
from ._effects import Flow
from ._retry import Deadline
from ._session import Request
from ._session import Session as Http
from ._uploads import Content, Upload
from .types import (
    Command,
    CommandSummary,
    Completion,
    Context,
    Execution,
    ExecutionSummary,
    FileEntry,
    Inspection,
    SentComm,
    Session,
    StoredFile,
    Watch,
)

# The longest the service waits at one time, in seconds.
_LONGEST_WAIT = 60
# The longest that a snapshot takes, in seconds.
_SNAPSHOT = 300
CommandLine = Union[str, Sequence[str]]


class SessionCalls:
    """timeout: of a whole call, in seconds; None: none."""

    def __init__(self, http: Http, calls: Calls) -> None:
        self._http = http
        self._calls = calls

    # Sessions

    def create(self, body: Mapping[str, Any], key: Optional[str], timeout: Optional[float]) -> Flow[Session]:
        deadline = Deadline(timeout)
        return cast(Session, (yield from self._make("/v1/sessions", dict(body), key, deadline, waits=True)))

    def packages(self, body: Mapping[str, Any], timeout: Optional[float]) -> Flow[None]:
        """Emits the events of the packages of a session, as long as they are being installed."""
        wanted = {"language": body.get("language") or "python", "dependencies": body["dependencies"]}
        request = Request("POST", "/v1/environments", {"prefer": "wait=0"}, wanted)
        environment = yield from self._http.json(request, Deadline(timeout))
        if environment["state"] != "ready":
            yield from self._calls.environment_events(environment["id"], None, timeout)

    def list(self, state: Optional[str]) -> Flow[None]:
        return self._calls.pages("/v1/sessions", "sessions", {"state": state})

    def get(self, session_id: str, timeout: Optional[float]) -> Flow[Session]:
        return cast(Session, (yield from self._json("GET", _session(session_id), timeout)))

    def extend(
        self, session_id: str, idle_timeout_ms: Optional[int], max_lifetime_ms: Optional[int], timeout: Optional[float]
    ) -> Flow[Session]:
        body = _known({"idleTimeoutMs": idle_timeout_ms, "maxLifetimeMs": max_lifetime_ms})
        return cast(Session, (yield from self._json("PATCH", _session(session_id), timeout, body)))

    def end(self, session_id: str, timeout: Optional[float]) -> Flow[Session]:
        return cast(Session, (yield from self._json("DELETE", _session(session_id), timeout)))

    def snapshot(
        self, session_id: str, name: Optional[str], ttl_seconds: Optional[int], timeout: Optional[float]
    ) -> Flow[StoredFile]:
        body = _known({"name": name, "ttlSeconds": ttl_seconds})
        request = Request(
            "POST", f"{_session(session_id)}/snapshot", body=body, wait_seconds=_SNAPSHOT, repeatable=False
        )
        return cast(StoredFile, (yield from self._http.json(request, Deadline(timeout))))

    def events(self, session_id: str, after: Optional[str], timeout: Optional[float]) -> Flow[None]:
        path = f"{_session(session_id)}/events"
        return self._calls.events(path, f"session {session_id}", after, timeout, lambda one: one["type"] == "ended")

    # Executions

    def run_code(
        self, session_id: str, body: Dict[str, Any], key: Optional[str], timeout: Optional[float]
    ) -> Flow[Execution]:
        deadline = Deadline(timeout)
        path = f"{_session(session_id)}/executions"
        execution: Execution = yield from self._make(path, body, key, deadline, waits=True)
        return (yield from self._until_ended(session_id, execution, deadline))

    def start_code(
        self, session_id: str, body: Dict[str, Any], key: Optional[str], timeout: Optional[float]
    ) -> Flow[Execution]:
        path = f"{_session(session_id)}/executions"
        return cast(Execution, (yield from self._make(path, body, key, Deadline(timeout))))

    def execution(self, session_id: str, execution_id: str, timeout: Optional[float]) -> Flow[Execution]:
        return cast(Execution, (yield from self._json("GET", _execution(session_id, execution_id), timeout)))

    def wait_execution(self, session_id: str, execution_id: str, timeout: Optional[float]) -> Flow[Execution]:
        deadline = Deadline(timeout)
        request = Request("GET", _execution(session_id, execution_id))
        execution = cast(Execution, (yield from self._http.json(request, deadline)))
        return (yield from self._until_ended(session_id, execution, deadline))

    def executions(self, session_id: str, timeout: Optional[float]) -> Flow[List[ExecutionSummary]]:
        answer = yield from self._json("GET", f"{_session(session_id)}/executions", timeout)
        return cast("List[ExecutionSummary]", answer["executions"])

    def stream_execution(
        self, session_id: str, execution_id: str, after: Optional[str], timeout: Optional[float]
    ) -> Flow[None]:
        path = f"{_execution(session_id, execution_id)}/events"
        return self._calls.events(path, f"execution {execution_id}", after, timeout, _is_end)

    def answer_input(
        self, session_id: str, execution_id: str, value: str, timeout: Optional[float]
    ) -> Flow[Execution]:
        path = f"{_execution(session_id, execution_id)}/input"
        return cast(Execution, (yield from self._once(path, {"value": value}, timeout)))

    def complete(
        self, session_id: str, code: str, cursor: Optional[int], context: Optional[str], timeout: Optional[float]
    ) -> Flow[Completion]:
        body = _known({"code": code, "cursor": cursor, "context": context})
        return cast(Completion, (yield from self._json("POST", f"{_session(session_id)}/complete", timeout, body)))

    def inspect(
        self,
        session_id: str,
        code: str,
        cursor: Optional[int],
        context: Optional[str],
        detail: str,
        timeout: Optional[float],
    ) -> Flow[Inspection]:
        body = _known({"code": code, "cursor": cursor, "context": context, "detail": detail})
        return cast(Inspection, (yield from self._json("POST", f"{_session(session_id)}/inspect", timeout, body)))

    # Contexts

    def create_context(
        self,
        session_id: str,
        context_id: Optional[str],
        cwd: Optional[str],
        env: Optional[Mapping[str, str]],
        timeout: Optional[float],
    ) -> Flow[Context]:
        body = _known({"id": context_id, "cwd": cwd, "env": env})
        return cast(Context, (yield from self._once(f"{_session(session_id)}/contexts", body, timeout)))

    def contexts(self, session_id: str, timeout: Optional[float]) -> Flow[List[Context]]:
        answer = yield from self._json("GET", f"{_session(session_id)}/contexts", timeout)
        return cast("List[Context]", answer["contexts"])

    def interrupt(
        self, session_id: str, context_id: str, execution_id: Optional[str], timeout: Optional[float]
    ) -> Flow[Context]:
        words = "" if execution_id is None else f"?{urlencode({'execution': execution_id})}"
        path = f"{_context(session_id, context_id)}/interrupt{words}"
        return cast(Context, (yield from self._json("POST", path, timeout)))

    def restart(self, session_id: str, context_id: str, timeout: Optional[float]) -> Flow[Context]:
        return cast(Context, (yield from self._once(f"{_context(session_id, context_id)}/restart", None, timeout)))

    def delete_context(self, session_id: str, context_id: str, timeout: Optional[float]) -> Flow[Context]:
        return cast(Context, (yield from self._json("DELETE", _context(session_id, context_id), timeout)))

    def send_comm(
        self,
        session_id: str,
        context_id: str,
        kind: str,
        content: Mapping[str, Any],
        metadata: Optional[Mapping[str, Any]],
        buffers: Sequence[bytes],
        timeout: Optional[float],
    ) -> Flow[SentComm]:
        parts = [base64.b64encode(one).decode() for one in buffers] or None
        body = _known({"type": kind, "content": content, "metadata": metadata, "buffers": parts})
        return cast(SentComm, (yield from self._once(f"{_context(session_id, context_id)}/comms", body, timeout)))

    # Commands

    def run_command(
        self, session_id: str, body: Dict[str, Any], key: Optional[str], timeout: Optional[float]
    ) -> Flow[Command]:
        deadline = Deadline(timeout)
        path = f"{_session(session_id)}/commands"
        command: Command = yield from self._make(path, body, key, deadline, waits=True)
        return (yield from self._until_command_ended(session_id, command, deadline))

    def start_command(
        self, session_id: str, body: Dict[str, Any], key: Optional[str], timeout: Optional[float]
    ) -> Flow[Command]:
        path = f"{_session(session_id)}/commands"
        return cast(Command, (yield from self._make(path, body, key, Deadline(timeout))))

    def command(self, session_id: str, command_id: str, timeout: Optional[float]) -> Flow[Command]:
        return cast(Command, (yield from self._json("GET", _command(session_id, command_id), timeout)))

    def wait_command(self, session_id: str, command_id: str, timeout: Optional[float]) -> Flow[Command]:
        deadline = Deadline(timeout)
        command = cast(Command, (yield from self._http.json(Request("GET", _command(session_id, command_id)), deadline)))
        return (yield from self._until_command_ended(session_id, command, deadline))

    def commands(self, session_id: str, timeout: Optional[float]) -> Flow[List[CommandSummary]]:
        answer = yield from self._json("GET", f"{_session(session_id)}/commands", timeout)
        return cast("List[CommandSummary]", answer["commands"])

    def stream_command(
        self, session_id: str, command_id: str, after: Optional[str], timeout: Optional[float]
    ) -> Flow[None]:
        path = f"{_command(session_id, command_id)}/events"
        return self._calls.events(path, f"command {command_id}", after, timeout, _is_end)

    def write_input(
        self, session_id: str, command_id: str, data: Union[str, bytes], end: bool, timeout: Optional[float]
    ) -> Flow[Command]:
        if isinstance(data, bytes):
            body: Dict[str, Any] = {"data": base64.b64encode(data).decode(), "encoding": "base64", "end": end}
        else:
            body = {"data": data, "end": end}
        return cast(Command, (yield from self._once(f"{_command(session_id, command_id)}/stdin", body, timeout)))

    def signal(self, session_id: str, command_id: str, name: str, tree: bool, timeout: Optional[float]) -> Flow[Command]:
        path = f"{_command(session_id, command_id)}/signals"
        return cast(Command, (yield from self._json("POST", path, timeout, {"signal": name, "tree": tree})))

    def resize(
        self, session_id: str, command_id: str, columns: int, rows: int, timeout: Optional[float]
    ) -> Flow[Command]:
        path = f"{_command(session_id, command_id)}/terminal"
        return cast(Command, (yield from self._json("PUT", path, timeout, {"columns": columns, "rows": rows})))

    # Files

    def list_files(self, session_id: str, path: Optional[str], timeout: Optional[float]) -> Flow[List[FileEntry]]:
        words = "" if path is None else f"?{urlencode({'path': path})}"
        answer = yield from self._json("GET", f"{_session(session_id)}/files{words}", timeout)
        return cast("List[FileEntry]", answer["entries"])

    def read_file(
        self, session_id: str, path: str, start: int, end: Optional[int], timeout: Optional[float]
    ) -> Flow[bytes]:
        request = Request("GET", _file(session_id, path), byte_range(start, end))
        return (yield from self._http.read(request, Deadline(timeout)))

    def stream_file(
        self, session_id: str, path: str, start: int, end: Optional[int], timeout: Optional[float]
    ) -> Flow[None]:
        request = Request("GET", _file(session_id, path), byte_range(start, end))
        return self._calls.stream_bytes(request, f"the file {path}", timeout)

    def write_file(
        self, session_id: str, path: str, content: Content, mode: Optional[int], timeout: Optional[float]
    ) -> Flow[int]:
        upload = Upload(content)
        try:
            words = "" if mode is None else f"?mode={mode:04o}"
            headers = {"content-type": "application/octet-stream"}
            request = Request("PUT", f"{_file(session_id, path)}{words}", headers, upload=upload)
            answer = yield from self._http.json(request, Deadline(timeout))
            return cast(int, answer["bytes"])
        finally:
            upload.close()

    def move_file(self, session_id: str, source: str, target: str, timeout: Optional[float]) -> Flow[None]:
        yield from self._nothing(f"{_session(session_id)}/moves", {"from": source, "to": target}, timeout)

    def make_folder(self, session_id: str, path: str, timeout: Optional[float]) -> Flow[None]:
        yield from self._nothing(f"{_session(session_id)}/folders", {"path": path}, timeout)

    def remove_file(self, session_id: str, path: str, recursive: bool, timeout: Optional[float]) -> Flow[None]:
        words = "?recursive=true" if recursive else ""
        yield from self._http.read(Request("DELETE", f"{_file(session_id, path)}{words}"), Deadline(timeout))

    # Watches

    def watch(self, session_id: str, path: Optional[str], recursive: bool, timeout: Optional[float]) -> Flow[Watch]:
        body = {**_known({"path": path}), **({"recursive": True} if recursive else {})}
        return cast(Watch, (yield from self._once(f"{_session(session_id)}/watches", body, timeout)))

    def watches(self, session_id: str, timeout: Optional[float]) -> Flow[List[Watch]]:
        answer = yield from self._json("GET", f"{_session(session_id)}/watches", timeout)
        return cast("List[Watch]", answer["watches"])

    def watch_events(
        self, session_id: str, watch_id: str, after: Optional[str], timeout: Optional[float]
    ) -> Flow[None]:
        path = f"{_watch(session_id, watch_id)}/events"
        return self._calls.events(path, f"watch {watch_id}", after, timeout, _is_end_of_watch)

    def unwatch(self, session_id: str, watch_id: str, timeout: Optional[float]) -> Flow[Watch]:
        return cast(Watch, (yield from self._json("DELETE", _watch(session_id, watch_id), timeout)))

    @property
    def http(self) -> Http:
        """For what is talked over a WebSocket."""
        return self._http

    def _json(self, method: str, path: str, timeout: Optional[float], body: Any = None) -> Flow[Any]:
        return self._http.json(Request(method, path, body=body), Deadline(timeout))

    def _nothing(self, path: str, body: Any, timeout: Optional[float]) -> Flow[bytes]:
        return self._http.read(Request("POST", path, body=body), Deadline(timeout))

    def _once(self, path: str, body: Any, timeout: Optional[float]) -> Flow[Any]:
        """A request that does something each time that it is made."""
        return self._http.json(Request("POST", path, body=body, repeatable=False), Deadline(timeout))

    def _make(
        self, path: str, body: Dict[str, Any], key: Optional[str], deadline: Deadline, waits: bool = False
    ) -> Flow[Any]:
        headers = {"idempotency-key": uuid.uuid4().hex if key is None else key}
        seconds = deadline.whole_seconds(_LONGEST_WAIT) if waits else 0
        if seconds > 0:
            headers["prefer"] = f"wait={seconds}"
        return self._http.json(Request("POST", path, headers, body, seconds), deadline)

    def _until_ended(self, session_id: str, execution: Execution, deadline: Deadline) -> Flow[Execution]:
        path = _execution(session_id, execution["id"])
        while execution["state"] != "finished":
            seconds = deadline.whole_seconds(_LONGEST_WAIT)
            request = Request("GET", f"{path}?wait={seconds}", wait_seconds=seconds)
            execution = cast(Execution, (yield from self._http.json(request, deadline)))
        return execution

    def _until_command_ended(self, session_id: str, command: Command, deadline: Deadline) -> Flow[Command]:
        path = _command(session_id, command["id"])
        while command["state"] != "finished":
            seconds = deadline.whole_seconds(_LONGEST_WAIT)
            request = Request("GET", f"{path}?wait={seconds}", wait_seconds=seconds)
            command = cast(Command, (yield from self._http.json(request, deadline)))
        return command


def code_request(
    code: str,
    context: Optional[str],
    timeout_ms: Optional[int],
    cpu_ms: Optional[int],
    silent: bool,
    allow_input: bool,
) -> Dict[str, Any]:
    """The body of an execution."""
    limits = None if cpu_ms is None else {"cpuMs": cpu_ms}
    body = _known({"code": code, "context": context, "timeoutMs": timeout_ms, "limits": limits})
    return {**body, **({"silent": True} if silent else {}), **({"allowInput": True} if allow_input else {})}


def command_request(
    command: CommandLine,
    cwd: Optional[str],
    env: Optional[Mapping[str, str]],
    stdin: Optional[str],
    timeout_ms: Optional[int],
    background: bool = False,
    interactive: bool = False,
    columns: Optional[int] = None,
    rows: Optional[int] = None,
) -> Dict[str, Any]:
    """The body of a command. A string is a line for ``sh``, anything else an argument vector."""
    what: Dict[str, Any] = {"shell": command} if isinstance(command, str) else {"argv": [*command]}
    body = _known({**what, "cwd": cwd, "env": env, "stdin": stdin, "timeoutMs": timeout_ms})
    if background:
        body["background"] = True
    if interactive:
        body["interactive"] = True
    if columns is not None or rows is not None:
        body["terminal"] = {"columns": 80 if columns is None else columns, "rows": 24 if rows is None else rows}
    return body


def _is_end_of_watch(event: Any) -> bool:
    return event["type"] == "ended" or (event["type"] == "watch" and event["data"].get("state") == "ended")


def _is_end(event: Any) -> bool:
    return event["type"] == "ended" or (
        event["type"] in ("execution", "command") and event["data"].get("state") == "finished"
    )


def _known(members: Mapping[str, Any]) -> Dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def _session(session_id: str) -> str:
    return f"/v1/sessions/{part(session_id)}"


def _execution(session_id: str, execution_id: str) -> str:
    return f"{_session(session_id)}/executions/{part(execution_id)}"


def _watch(session_id: str, watch_id: str) -> str:
    return f"{_session(session_id)}/watches/{part(watch_id)}"


def _command(session_id: str, command_id: str) -> str:
    return f"{_session(session_id)}/commands/{part(command_id)}"


def terminal_socket(session_id: str, command_id: str) -> str:
    """The path of the WebSocket of a terminal."""
    return f"{_command(session_id, command_id)}/terminal"


def _context(session_id: str, context_id: str) -> str:
    return f"{_session(session_id)}/contexts/{part(context_id)}"


def _file(session_id: str, path: str) -> str:
    return f"{_session(session_id)}/files/{quote(path, safe='/')}"
