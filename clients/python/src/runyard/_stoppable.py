"""A flow that another thread may stop."""

from __future__ import annotations

import ssl
import threading
from contextlib import suppress
from typing import Any, Callable, Optional

from ._effects import Connection, Effect, Receive, Send, Sleep
from ._sync import Driver, SocketConnection


class Stopped(Exception):
    """A flow was stopped. No flow tries again after that."""


class StoppableDriver(Driver):
    """A driver whose flow another thread may stop: it ends with Stopped, also where it waits for the service."""

    def __init__(self, tls: Callable[[], ssl.SSLContext]) -> None:
        super().__init__(tls)
        self._changing = threading.Lock()
        self._stopping = threading.Event()
        self._connection: Optional[Connection] = None

    @classmethod
    def beside(cls, driver: Driver) -> StoppableDriver:
        """One for a flow of its own, with the certificates of another."""
        return cls(driver.tls)

    def stop(self) -> None:
        with self._changing:
            self._stopping.set()
            if self._connection is not None:
                self._connection.close()

    def _do(self, effect: Effect) -> Any:
        self._use(effect.connection if isinstance(effect, (Send, Receive)) else None)
        try:
            made = self._stopping.wait(effect.seconds) if isinstance(effect, Sleep) else super()._do(effect)
        except Exception:
            self._leave()
            raise
        except BaseException:
            # KeyboardInterrupt above all, whose place no stop takes.
            with suppress(Stopped):
                self._leave()
            raise
        try:
            self._leave()
        except Stopped:
            if isinstance(made, SocketConnection):
                made.close()
            raise
        return made

    def _leave(self) -> None:
        """From here on the connection may be another flow's. Whatever came of one that was closed here is a stop."""
        self._use(None)

    def _use(self, connection: Optional[Connection]) -> None:
        with self._changing:
            # Also when it was stopped: nobody's connection is closed later.
            self._connection = None
            if self._stopping.is_set():
                raise Stopped
            self._connection = connection
