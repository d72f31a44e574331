"""Answers to the questions of an execution, for threads, while its events go on. One that comes too late is missed by nobody: the events tell why."""

from __future__ import annotations

import threading
from typing import Any, Callable, Optional

from ._errors import RunyardError, is_late


class InputAnswers:
    """Asks in a thread of its own: one that waits for a person keeps nobody here when the code has ended.

    One question is asked at a time: two that read a terminal would take each other's lines. What still waits answers the same question when
    it comes again; another one is asked when that has returned.

    send: takes an answer
    failed: told why there is none, or why the service does not take it
    """

    def __init__(
        self, on_input: Callable[[str], str], send: Callable[[str], Any], failed: Callable[[BaseException], None]
    ) -> None:
        self._on_input = on_input
        self._send = send
        self._failed = failed
        self._changing = threading.Lock()
        self._open: Optional[str] = None
        self._is_asking = False

    def ask(self, prompt: str) -> None:
        """Takes the place of a question that is open."""
        with self._changing:
            self._open = prompt
            if self._is_asking:
                return
            self._is_asking = True
        threading.Thread(target=self._answer_all, name="runyard-input", daemon=True).start()

    def close(self) -> None:
        """No answer is wanted any more."""
        with self._changing:
            self._open = None

    def _answer_all(self) -> None:
        while True:
            with self._changing:
                prompt = self._open
                if prompt is None:
                    self._is_asking = False
                    return
            self._answer(prompt)

    def _answer(self, prompt: str) -> None:
        try:
            value = self._on_input(prompt)
        except BaseException as error:
            if self._take(prompt):
                self._failed(error)
            return
        if not self._take(prompt):
            return
        try:
            self._send(value)
        except BaseException as error:
            is_missed = isinstance(error, RunyardError) and is_late(error)
            # Who asks anew has had an answer.
            if not is_missed and not self._is_asked_anew():
                self._failed(error)

    def _take(self, prompt: str) -> bool:
        """Whether it is still open. It is no longer then."""
        with self._changing:
            is_open = self._open == prompt
            if is_open:
                self._open = None
            return is_open

    def _is_asked_anew(self) -> bool:
        with self._changing:
            return self._open is not None
