"""A session that is asked for, while how far its packages are is told. For asyncio."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any, Callable

from ._async import AsyncDriver, settled
from ._effects import Flow
from ._errors import RunyardError
from ._packages import JUST_COMING
from ._session_output import progress_in
from .types import Session


async def telling_progress(
    driver: AsyncDriver,
    ask: Flow[Session],
    packages: Flow[None],
    on_progress: Callable[[str], Any],
    end: Callable[[Session], Flow[Session]],
) -> Session:
    """Asks and tells at once, until the answer has come.

    end: ends a session that nobody gets
    Raises what asking raises, and what on_progress raises: then the session is not waited for, and ended if it is there
    """
    asking = asyncio.ensure_future(driver.run(ask))
    telling = asyncio.ensure_future(_tell(driver, packages, on_progress))
    try:
        await asyncio.wait([asking, telling], return_when=asyncio.FIRST_COMPLETED)
        if telling.done():
            telling.result()
        return await asking
    except BaseException:
        await asyncio.wait([asking], timeout=JUST_COMING)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        if not asking.cancelled() and asking.exception() is None:
            # Where that fails too it ends for idleness.
            with suppress(RunyardError):
                await driver.run(end(asking.result()))
        raise
    finally:
        asking.cancel()
        telling.cancel()
        await asyncio.gather(asking, telling, return_exceptions=True)


async def _tell(driver: AsyncDriver, packages: Flow[None], on_progress: Callable[[str], Any]) -> None:
    events = driver.iterate(packages)
    try:
        while True:
            try:
                event = await events.__anext__()
            except (StopAsyncIteration, RunyardError):
                # What keeps progress from being told keeps no packages from being installed.
                return
            progress = progress_in(event)
            if progress is not None:
                await settled(on_progress(progress))
    finally:
        await events.aclose()
