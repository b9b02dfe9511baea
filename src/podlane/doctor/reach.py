"""What a pod says of the way to GitLab: is its name resolved, does somebody listen there?"""

from __future__ import annotations

import os
import socket

from podlane.clients.http import trouble
from podlane.clients.http.address import address
from podlane.clients.http.proxy import find_proxy

_SECONDS = 15


def reach(url: str) -> str:
    """Return why `url` is not reached from here; "" when it is. Nothing is sent."""
    to = address(url)
    proxy = find_proxy(url, os.environ)
    host, port = (proxy.host, proxy.port) if proxy else (to.host, to.port)
    who = f"the proxy {host}" if proxy else host
    try:
        socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        return f"a pod cannot resolve the name of {who}: {trouble.reason(error)}"
    try:
        socket.create_connection((host, port), timeout=_SECONDS).close()
    except OSError as error:
        return f"a pod does not reach {who}:{port}: {trouble.reason(error)}"
    return ""
