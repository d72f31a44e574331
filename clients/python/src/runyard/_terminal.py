"""The terminal of a command of a session, as both clients have it. See docs/sessions.md, Terminal."""

from __future__ import annotations

import json
from collections import deque
from typing import Any, Deque, Dict, List, Optional, Union, cast

from ._effects import Connection
from ._errors import RunyardError
from ._session import Session
from ._session_calls import terminal_socket
from ._talk import Talk
from ._websocket import BINARY, TEXT, Message, frame
from .types import CommandState, TerminalEvent

# A message has at most 64 KiB.
_PIECE_BYTES = 32 * 1024


class Outgoing:
    """A message to a terminal. done: it is on its way; nothing acknowledges it."""

    def __init__(self, message: bytes) -> None:
        self.frame = message
        self.done = False
        self.error: Optional[BaseException] = None

    def settle(self, error: Optional[BaseException] = None) -> None:
        self.done, self.error = True, error


def typed(data: Union[str, bytes]) -> List[Outgoing]:
    """What is typed, as messages."""
    content = data.encode() if isinstance(data, str) else bytes(data)
    pieces = [content[start : start + _PIECE_BYTES] for start in range(0, len(content), _PIECE_BYTES)]
    return [Outgoing(frame(BINARY, piece)) for piece in pieces]


def told(message: Dict[str, Any]) -> List[Outgoing]:
    """Something that is no input."""
    return [Outgoing(frame(TEXT, json.dumps(message).encode()))]


class TerminalTalk(Talk[Outgoing]):
    """The state of one: what is to be sent, events that were not asked for yet, and how it ended."""

    def __init__(self, http: Session, session_id: str, command_id: str) -> None:
        super().__init__(http, f"the terminal of command {command_id}", binary=True)
        self.events: Deque[TerminalEvent] = deque()
        self.result: Optional[CommandState] = None
        self._command_id = command_id
        self._socket_path = terminal_socket(session_id, command_id)
        self._was_connected = False

    def outgoing(self) -> Optional[tuple[Connection, bytes]]:
        """What is to be sent now, in its order; None when nothing is, or there is no connection."""
        with self._lock:
            if self._socket is None:
                return None
            frames, self._control = self._control, []
            for message in self._waiting:
                frames.append(message.frame)
                message.settle()
            self._waiting.clear()
            return (self._socket, b"".join(frames)) if frames else None

    def refusal(self) -> BaseException:
        return self.error or RunyardError("already-ended", f"command {self._command_id} has ended")

    def _path(self) -> str:
        return self._socket_path

    def _connected(self) -> None:
        if self._was_connected:
            self.events.append({"type": "reset"})
        self._was_connected = True

    def _hear(self, message: Message) -> None:
        if message.opcode == BINARY:
            return self.events.append({"type": "data", "data": message.payload})
        said = cast("Dict[str, Any]", json.loads(message.payload))
        kind = said.get("type")
        if kind == "ended":
            why = said["data"].get("message") or "the session has ended"
            return self._end(RunyardError("session-ended", why))
        if kind == "command":
            state = cast(CommandState, said["data"])
            if state["state"] == "finished":
                self.result = state
        self.events.append(cast(TerminalEvent, said))

    def _settle_all(self) -> None:
        for message in self._waiting:
            message.settle(self.refusal())
        self._waiting.clear()
