"""Answers to the questions of an execution, for asyncio, while its events go on."""

from __future__ import annotations

import asyncio
from typing import Any, Awaitable, Callable, List, Optional, Set

from ._errors import RunyardError, is_late


class AsyncInputAnswers:
    """Asks in tasks of their own.

    send: takes an answer
    """

    def __init__(self, on_input: Callable[[str], Awaitable[str]], send: Callable[[str], Awaitable[Any]]) -> None:
        self._on_input = on_input
        self._send = send
        self._asking: Optional[asyncio.Task[None]] = None
        self._tasks: Set[asyncio.Task[None]] = set()
        self._failure: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()

    def ask(self, prompt: str) -> None:
        """Takes the place of a question that is open."""
        if self._asking is not None:
            self._asking.cancel()
        self._asking = asyncio.ensure_future(self._answer(prompt))
        self._tasks.add(self._asking)
        self._asking.add_done_callback(self._tasks.discard)

    async def until(self, events: Awaitable[None]) -> None:
        """Returns when the events have ended. Raises why a question has no answer, or why the service does not take it."""
        following = asyncio.ensure_future(events)
        ends: List[asyncio.Future[Any]] = [following, self._failure]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if self._failure.done():
                raise self._failure.result()
            await following
        finally:
            tasks = [following, *self._tasks]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _answer(self, prompt: str) -> None:
        try:
            value = await self._on_input(prompt)
            try:
                await self._send(value)
            except RunyardError as error:
                if not is_late(error):
                    raise
        except Exception as error:
            if not self._failure.done():
                self._failure.set_result(error)
