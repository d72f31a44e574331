"""What both clients share is written once, as generators that do no I/O: a *flow* yields what is to be done and is sent the
outcome, or has the exception thrown into it. ``Client`` and ``AsyncClient`` differ in how they do these five things, and in
nothing else:

    Connect   -> a Connection
    Send      -> None
    Receive   -> bytes, empty at the end
    Sleep     -> None
    Emit      -> None; gives a value to whoever iterates

A connection that fails raises OSError. A flow closes what it has opened also when it is closed itself, which is what a driver
does when it is interrupted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generator, Protocol, TypeVar, Union, cast

from ._route import Route

T = TypeVar("T")


class Connection(Protocol):
    """A connection to the service. Its bytes go by the driver's Send and Receive."""

    def close(self) -> None:
        """At once, and without waiting for anything."""

    def is_usable(self) -> bool:
        """Whether it can carry another request: it is open, and nothing has come that nobody asked for."""
        ...


@dataclass(frozen=True)
class Connect:
    """By way of the proxy where there is one. timeout: in seconds, as in all of them."""

    route: Route
    timeout: float


@dataclass(frozen=True)
class Send:
    connection: Connection
    data: bytes
    timeout: float


@dataclass(frozen=True)
class Receive:
    connection: Connection
    timeout: float


@dataclass(frozen=True)
class Sleep:
    seconds: float


@dataclass(frozen=True)
class Emit:
    value: Any


Effect = Union[Connect, Send, Receive, Sleep, Emit]
Flow = Generator[Effect, Any, T]


def connect(route: Route, timeout: float) -> Flow[Connection]:
    return cast(Connection, (yield Connect(route, timeout)))


def receive(connection: Connection, timeout: float) -> Flow[bytes]:
    return cast(bytes, (yield Receive(connection, timeout)))
