"""Which requests are made again, and when."""

from __future__ import annotations

import random
import time
from typing import Optional

from ._errors import RunyardError, RunyardTimeoutError

_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 8.0
# A caller who is asked to wait for longer gets the error instead.
_LONGEST_RETRY_AFTER = 60.0
_PASSING = frozenset((429, 502, 503, 504))
# The service did nothing yet: also a request that must not be made twice may be made again.
_UNDONE = frozenset((429, 503))
# A refused rate comes back by itself: it is waited for so often at least, unless nothing is to be made again.
_RATE_RETRIES = 8


class Deadline:
    """The time at which a call has to be over.

    timeout: in seconds from now; None: never
    """

    def __init__(self, timeout: Optional[float]) -> None:
        self._timeout = timeout
        self._end = None if timeout is None else time.monotonic() + timeout

    def within(self, seconds: float) -> float:
        """So many seconds, or what is left. Raises RunyardTimeoutError when nothing is."""
        if self._end is None:
            return seconds
        left = self._end - time.monotonic()
        if left <= 0:
            detail = f"it took longer than {self._timeout} s; the job, if there is one, goes on"
            raise RunyardTimeoutError("timeout", detail)
        return min(seconds, left)

    def whole_seconds(self, most: int) -> int:
        """For the service, which waits for whole seconds; at least one."""
        return max(1, int(self.within(most)))


def pause_before(
    error: RunyardError, failures: int, retries: int, repeatable: bool = True, chance: Optional[float] = None
) -> Optional[float]:
    """Seconds to wait before a request is made again; None when it should not be.

    failures: how often it failed in a row, this time included
    retries: how often it may be made again
    repeatable: whether it may reach the service twice
    chance: from 0 to 1, random when absent: clients that failed together do not come back together
    """
    unanswered = error.code in ("unreachable", "connection-closed")
    passes = error.status in _UNDONE or (repeatable and (unanswered or error.status in _PASSING))
    most = max(retries, _RATE_RETRIES) if error.code == "rate-limited" and retries > 0 else retries
    if not passes or failures > most:
        return None
    # A rate that is never enough for so much at once comes without a time.
    if error.code == "rate-limited" and error.retry_after is None:
        return None
    chance = random.random() if chance is None else chance
    if error.retry_after is not None:
        return None if error.retry_after > _LONGEST_RETRY_AFTER else error.retry_after * (1 + 0.1 * chance)
    # 2 ** 10 is beyond the longest pause; a larger power would overflow where retries are without end.
    return min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(failures - 1, 10)) * (0.5 + 0.5 * chance)
