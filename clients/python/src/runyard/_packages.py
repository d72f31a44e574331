"""A session that is asked for, while how far its packages are is told. For threads."""

from __future__ import annotations

import threading
from concurrent.futures import Future, wait
from contextlib import suppress
from typing import Any, Callable

from ._effects import Flow
from ._errors import RunyardError
from ._session_output import progress_in
from ._stoppable import Stopped, StoppableDriver
from ._sync import Driver
from .types import Session

# An answer that is on its way when on_progress raises has so long, in seconds.
JUST_COMING = 0.5


def telling_progress(
    driver: Driver,
    ask: Flow[Session],
    packages: Flow[None],
    on_progress: Callable[[str], Any],
    end: Callable[[Session], Flow[Session]],
) -> Session:
    """Asks in a thread of its own, and tells in this one until the answer has come.

    end: ends a session that nobody gets
    Raises what asking raises, and what on_progress raises: then the session is not waited for, and ended if it is there
    """
    asking, following = StoppableDriver.beside(driver), StoppableDriver.beside(driver)
    answer: Future[Session] = Future()

    def run() -> None:
        try:
            answer.set_result(asking.run(ask))
        except BaseException as error:
            answer.set_exception(error)
        finally:
            following.stop()

    threading.Thread(target=run, name="runyard-session", daemon=True).start()
    events = following.iterate(packages)
    try:
        while True:
            try:
                event = next(events)
            except (StopIteration, Stopped, RunyardError):
                # What keeps progress from being told keeps no packages from being installed.
                return answer.result()
            progress = progress_in(event)
            if progress is not None:
                on_progress(progress)
    except BaseException:
        wait([answer], JUST_COMING)
        asking.stop()
        # At once, or in the other thread, which had read all of the answer before it was stopped.
        answer.add_done_callback(lambda made: _end_made(driver, made, end))
        raise
    finally:
        events.close()
        asking.stop()


def _end_made(driver: Driver, answer: Future[Session], end: Callable[[Session], Flow[Session]]) -> None:
    if answer.exception() is None:
        # Where that fails too it ends for idleness.
        with suppress(RunyardError):
            StoppableDriver.beside(driver).run(end(answer.result()))
