"""Output of executions and commands, given to callbacks as it comes."""

from __future__ import annotations

from typing import Any, Callable, Optional, cast

from .types import ExecutionError, Result, SessionEvent


class Callbacks:
    """any: whether there is one"""

    def __init__(
        self,
        stdout: Optional[Callable[[str], Any]] = None,
        stderr: Optional[Callable[[str], Any]] = None,
        result: Optional[Callable[[Result], Any]] = None,
        error: Optional[Callable[[ExecutionError], Any]] = None,
    ) -> None:
        self._stdout = stdout
        self._stderr = stderr
        self._result = result
        self._error = error
        self.any = any(one is not None for one in (stdout, stderr, result, error))

    def take(self, event: SessionEvent) -> Any:
        """Returns what the callback returns: with asyncio that may be to be awaited."""
        kind, data = event["type"], event["data"]
        if kind == "stdout" and self._stdout is not None:
            return self._stdout(data["data"])
        if kind == "stderr" and self._stderr is not None:
            return self._stderr(data["data"])
        if kind == "output" and self._result is not None:
            shown: Any = {name: value for name, value in data.items() if name != "execution"}
            return self._result(shown)
        if kind == "error" and self._error is not None:
            return self._error({"name": data["name"], "value": data["value"], "traceback": data["traceback"]})
        return None


def progress_in(event: Any) -> Optional[str]:
    """What is being done to install packages, by an event of an installation. None where that says nothing."""
    return None if event["type"] == "gap" else cast(Optional[str], event["data"]["progress"])
