"""Tells the run which calls of a client were held; it makes docs/compatibility/clients.md of that.

Each is told behind the assertions that show it, so that one that fails is never told.
"""

import json
from importlib.metadata import version


def works(client: str, *calls: str) -> None:
    _tell(client, "works", calls, "")


def differs(client: str, call: str, note: str) -> None:
    """The call works, with another outcome than at the system that the client is made for."""
    _tell(client, "differs", [call], note)


def cannot(client: str, call: str, note: str) -> None:
    """The call is refused, with the error that the client has for it."""
    _tell(client, "cannot", [call], note)


def _tell(client: str, how: str, calls, note: str) -> None:
    for call in calls:
        print("@call " + json.dumps({"client": client, "version": version(client), "call": call, "how": how, "note": note}), flush=True)
