"""Where the service is, and the way to it."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Optional
from urllib.parse import unquote, urlsplit

_PORTS = {"http": 80, "https": 443}
_LOCAL = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True)
class Proxy:
    """An HTTP proxy. authorization: of the header ``proxy-authorization``, when it wants one."""

    host: str
    port: int
    authorization: Optional[str]


@dataclass(frozen=True)
class Route:
    """The service's address, parsed.

    url: as it was given, without slashes at its end
    path: of the url; before the path of each request
    authority: of the header ``host``
    """

    url: str
    tls: bool
    host: str
    port: int
    authority: str
    path: str
    proxy: Optional[Proxy]

    def target(self, path: str) -> str:
        """What stands in the first line of a request: a proxy without a tunnel wants the whole address."""
        if self.proxy is not None and not self.tls:
            return f"http://{self.authority}{self.path}{path}"
        return f"{self.path}{path}"


def route_to(url: str) -> Route:
    """Parses the address. Takes proxies from the environment as curl and urllib do, but never for this machine.

    Raises ValueError.
    """
    wrong = f"url is {url!r}; it must be like http://127.0.0.1:3000"
    parts = urlsplit(url)
    # May raise ValueError by itself, for a port that is none.
    host, port = parts.hostname, parts.port
    if parts.scheme not in _PORTS or not host or parts.query or parts.fragment:
        raise ValueError(wrong)
    if parts.username is not None or not url.isascii() or any(character <= " " for character in url):
        raise ValueError(f"{wrong}, ASCII, without a user name")
    bracketed = f"[{host}]" if ":" in host else host
    authority = bracketed if port is None else f"{bracketed}:{port}"
    return Route(
        url=url.rstrip("/"),
        tls=parts.scheme == "https",
        host=host,
        port=_PORTS[parts.scheme] if port is None else port,
        authority=authority,
        path=parts.path.rstrip("/"),
        proxy=None if host in _LOCAL else _proxy_for(parts.scheme, authority),
    )


def _proxy_for(scheme: str, authority: str) -> Optional[Proxy]:
    # Takes longer to import than all of this package, and is not needed for a service on this machine.
    from urllib.request import getproxies, proxy_bypass

    address = getproxies().get(scheme)
    if not address or proxy_bypass(authority):
        return None
    parts = urlsplit(address if "://" in address else f"http://{address}")
    if parts.scheme != "http" or not parts.hostname:
        raise ValueError(f"the proxy for {scheme} is {address!r}; it must be like http://127.0.0.1:3128")
    authorization = None
    if parts.username is not None:
        words = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        authorization = f"Basic {base64.b64encode(words.encode()).decode()}"
    return Proxy(parts.hostname, parts.port or 80, authorization)
