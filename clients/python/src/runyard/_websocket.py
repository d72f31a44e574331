"""The client's side of a WebSocket (RFC 6455) without any I/O: handshake, frames out, messages in."""

from __future__ import annotations

import base64
import hashlib
import os
from dataclasses import dataclass
from typing import Dict, List, Mapping, Optional, Tuple

_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_MAX_MESSAGE_BYTES = 64 * 1024 * 1024

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
_CONTINUATION = 0


def handshake() -> Tuple[Dict[str, str], str]:
    """Headers that ask for a WebSocket, and the value that ``sec-websocket-accept`` has to have."""
    key = base64.b64encode(os.urandom(16)).decode()
    headers = {"connection": "Upgrade", "upgrade": "websocket", "sec-websocket-version": "13", "sec-websocket-key": key}
    accept = base64.b64encode(hashlib.sha1(f"{key}{_GUID}".encode()).digest()).decode()
    return headers, accept


def is_accepted(headers: Mapping[str, str], accept: str) -> bool:
    """Whether an answer 101 is one to this handshake."""
    return headers.get("upgrade", "").lower() == "websocket" and headers.get("sec-websocket-accept") == accept


def frame(opcode: int, payload: bytes) -> bytes:
    """A whole message as one frame, masked as those of clients have to be."""
    length = len(payload)
    if length < 126:
        head = bytes((0x80 | opcode, 0x80 | length))
    elif length < 1 << 16:
        head = bytes((0x80 | opcode, 0x80 | 126)) + length.to_bytes(2, "big")
    else:
        head = bytes((0x80 | opcode, 0x80 | 127)) + length.to_bytes(8, "big")
    mask = os.urandom(4)
    return head + mask + _masked(payload, mask)


def _masked(payload: bytes, mask: bytes) -> bytes:
    # One exclusive or of large numbers: far faster than byte by byte.
    length = len(payload)
    repeated = (mask * (length // 4 + 1))[:length]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(repeated, "big")).to_bytes(length, "big")


@dataclass(frozen=True)
class Message:
    """A whole message. opcode: TEXT, BINARY, CLOSE, PING or PONG."""

    opcode: int
    payload: bytes

    def close_code(self) -> int:
        """Of CLOSE; 1005 when it has none."""
        return int.from_bytes(self.payload[:2], "big") if len(self.payload) >= 2 else 1005


class FrameParser:
    """Is fed with what comes, cut anywhere; gives the messages that are whole.

    binary: whether binary messages may come
    """

    def __init__(self, binary: bool = False) -> None:
        self._kinds = (TEXT, BINARY) if binary else (TEXT,)
        self._buffer = bytearray()
        self._payload = bytearray()
        # Of the message that has not ended.
        self._kind: Optional[int] = None

    def feed(self, data: bytes) -> List[Message]:
        """Raises ConnectionError when what comes breaks the protocol."""
        self._buffer += data
        messages: List[Message] = []
        while True:
            found = self._frame()
            if found is None:
                return messages
            opcode, is_final, payload = found
            if opcode >= CLOSE:
                messages.append(Message(opcode, payload))
                continue
            if opcode in self._kinds if self._kind is None else opcode == _CONTINUATION:
                self._kind = opcode if self._kind is None else self._kind
            else:
                raise ConnectionError("the WebSocket sent a frame that does not belong there")
            self._payload += payload
            if len(self._payload) > _MAX_MESSAGE_BYTES:
                raise ConnectionError("the WebSocket sent a message that is too large")
            if is_final:
                messages.append(Message(self._kind, bytes(self._payload)))
                self._payload.clear()
                self._kind = None

    def _frame(self) -> Tuple[int, bool, bytes] | None:
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        first, second = buffer[0], buffer[1]
        if first & 0x70 or second & 0x80:
            raise ConnectionError("the WebSocket sent a frame that is masked or has reserved bits")
        length, start = second & 0x7F, 2
        if length >= 126:
            start = 4 if length == 126 else 10
            if len(buffer) < start:
                return None
            length = int.from_bytes(buffer[2:start], "big")
        if length > _MAX_MESSAGE_BYTES:
            raise ConnectionError("the WebSocket sent a frame that is too large")
        if len(buffer) < start + length:
            return None
        payload = bytes(buffer[start : start + length])
        del buffer[: start + length]
        return first & 0x0F, bool(first & 0x80), payload
