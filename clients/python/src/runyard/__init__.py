"""Client for Runyard, which runs code written by strangers as queued jobs.

    from runyard import Client

    with Client("http://127.0.0.1:3000") as client:
        job = client.run(language="python", code="print(6 * 7)")
        print(job["status"], job["stages"][0]["stdout"])

``AsyncClient`` is the same for asyncio. Jobs, events and runtimes are dictionaries with the names that the API documents; their
types are in ``runyard.types``. A call that does not succeed raises RunyardError; a program that fails is no error: that is the
job's ``status``.
"""

from typing import TYPE_CHECKING

from . import types
from ._client import Client
from ._errors import RunyardError, RunyardTimeoutError, WebhookVerificationError
from ._session import VERSION as __version__
from ._sessions import Session
from ._sync import InteractiveJob, Terminal
from .webhooks import verify_webhook

if TYPE_CHECKING:
    from ._async import AsyncInteractiveJob, AsyncTerminal
    from ._async_client import AsyncClient
    from ._async_sessions import AsyncSession
else:

    def __getattr__(name):
        # asyncio takes as long to import as all the rest; a program without it does not pay for it.
        if name == "AsyncClient":
            from ._async_client import AsyncClient

            return AsyncClient
        if name == "AsyncInteractiveJob":
            from ._async import AsyncInteractiveJob

            return AsyncInteractiveJob
        if name == "AsyncSession":
            from ._async_sessions import AsyncSession

            return AsyncSession
        if name == "AsyncTerminal":
            from ._async import AsyncTerminal

            return AsyncTerminal
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "AsyncClient",
    "AsyncInteractiveJob",
    "AsyncSession",
    "AsyncTerminal",
    "Client",
    "InteractiveJob",
    "RunyardError",
    "RunyardTimeoutError",
    "Session",
    "Terminal",
    "WebhookVerificationError",
    "__version__",
    "types",
    "verify_webhook",
]
