"""Answers to the questions of an execution, for threads, while its events go on. One that comes too late is missed by nobody: the events tell why."""

from __future__ import annotations

import threading
from typing import Any, Callable

from ._errors import RunyardError


def is_late(error: RunyardError) -> bool:
    """The code has ended, or has an answer of somebody else."""
    return error.code in ("not-waiting", "not-found")


class InputAnswers:
    """Asks in threads of their own: one that waits for a person keeps nobody here when the code has ended.

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
        self._question = 0

    def ask(self, prompt: str) -> None:
        """Takes the place of a question that is open."""
        with self._changing:
            self._question += 1
            question = self._question
        threading.Thread(target=self._answer, args=(prompt, question), name="runyard-input", daemon=True).start()

    def close(self) -> None:
        """No answer is wanted any more."""
        with self._changing:
            self._question += 1

    def _is_open(self, question: int) -> bool:
        with self._changing:
            return question == self._question

    def _answer(self, prompt: str, question: int) -> None:
        try:
            value = self._on_input(prompt)
            if self._is_open(question):
                self._pass_on(value)
        except BaseException as error:
            if self._is_open(question):
                self._failed(error)

    def _pass_on(self, value: str) -> None:
        try:
            self._send(value)
        except RunyardError as error:
            if not is_late(error):
                raise
