"""The way through an HTTP proxy to a service that speaks TLS."""

from __future__ import annotations

from ._effects import Connection, Flow, Send, receive
from ._http1 import ResponseParser, request_head
from ._route import Proxy, Route


def open_tunnel(connection: Connection, route: Route, proxy: Proxy, timeout: float) -> Flow[None]:
    """Has the proxy connect to the service. Raises ConnectionError when it does not."""
    host = f"[{route.host}]" if ":" in route.host else route.host
    headers = {"host": f"{host}:{route.port}"}
    if proxy.authorization is not None:
        headers["proxy-authorization"] = proxy.authorization
    yield Send(connection, request_head("CONNECT", f"{host}:{route.port}", headers), timeout)
    parser = ResponseParser()
    while parser.status == 0:
        parser.feed((yield from receive(connection, timeout)))
    if not 200 <= parser.status < 300:
        raise ConnectionError(f"the proxy {proxy.host}:{proxy.port} answered {parser.status} {parser.reason}".rstrip())
