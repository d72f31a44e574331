"""Verifies webhooks (Standard Webhooks, version 1, https://www.standardwebhooks.com)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from typing import Iterable, Protocol, Sequence, Tuple, Union, cast

from ._errors import WebhookVerificationError
from .types import SessionWebhookBody, WebhookBody, WebhookTestBody


class Headers(Protocol):
    """What servers have headers in: a dictionary, an ``http.client.HTTPMessage``, and their like."""

    def items(self) -> Iterable[Tuple[str, str]]: ...


def verify_webhook(
    headers: Headers,
    body: Union[str, bytes],
    secret: Union[str, Sequence[str]],
    tolerance: float = 300,
) -> Union[WebhookBody, SessionWebhookBody, WebhookTestBody]:
    """The content of a webhook, once it is certain that Runyard sent it.

    headers: of the request; letter case does not matter
    body: as it came, byte for byte: not parsed and written anew
    secret: ``whsec_...`` of ``Client.webhook_secret``; several while it is being changed
    tolerance: how far its time may be off, in seconds
    Raises WebhookVerificationError; ValueError for a secret that cannot be one.
    """
    named = {name.lower(): value for name, value in headers.items()}
    for name in ("webhook-id", "webhook-timestamp", "webhook-signature"):
        if name not in named:
            raise WebhookVerificationError(f"the header {name} is missing")
    timestamp = named["webhook-timestamp"]
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise WebhookVerificationError("webhook-timestamp is not a time in seconds")
    if abs(time.time() - int(timestamp)) > tolerance:
        raise WebhookVerificationError(f"webhook-timestamp is more than {tolerance} s from now")
    content = body.encode() if isinstance(body, str) else body
    signed = f"{named['webhook-id']}.{timestamp}.".encode() + content
    given = [one[len("v1,") :].encode() for one in named["webhook-signature"].split(" ") if one.startswith("v1,")]
    for one in [secret] if isinstance(secret, str) else secret:
        expected = base64.b64encode(hmac.new(_secret_bytes(one), signed, hashlib.sha256).digest())
        if any(hmac.compare_digest(expected, mac) for mac in given):
            return cast("Union[WebhookBody, SessionWebhookBody, WebhookTestBody]", json.loads(content))
    raise WebhookVerificationError("no signature in webhook-signature is one by this secret")


def _secret_bytes(secret: str) -> bytes:
    try:
        if secret.startswith("whsec_"):
            key = base64.b64decode(secret[len("whsec_") :], validate=True)
            if key:
                return key
    except binascii.Error:
        pass
    raise ValueError("a webhook secret is whsec_ and base64")
