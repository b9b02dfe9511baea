"""The ports of services: which are asked for, and which two services cannot both have.

All containers of a pod share one network, so a port belongs to one of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from podlane.core.job.payload import Image
from podlane.errors import JobRefused

HEALTHCHECK = "HEALTHCHECK_TCP_PORT"
_HIGHEST = 65535
_USUAL = {
    "postgres": 5432,
    "postgis": 5432,
    "pgvector": 5432,
    "timescaledb": 5432,
    "mysql": 3306,
    "mariadb": 3306,
    "percona": 3306,
    "redis": 6379,
    "valkey": 6379,
    "mongo": 27017,
    "memcached": 11211,
    "rabbitmq": 5672,
    "elasticsearch": 9200,
    "opensearch": 9200,
    "nginx": 80,
    "httpd": 80,
    "minio": 9000,
    "clickhouse-server": 9000,
    "vault": 8200,
    "standalone-chrome": 4444,
    "standalone-firefox": 4444,
    "standalone-chromium": 4444,
}


def of_service(asked: Image, env: Mapping[str, str]) -> tuple[int, ...]:
    """What the service is said to listen on: its health check's port, and those it declares."""
    words = [*_words(env.get(HEALTHCHECK, "")), *(str(port.number) for port in asked.ports)]
    return tuple(dict.fromkeys(int(word) for word in words if _is_port(word)))


def bad(env: Mapping[str, str]) -> str:
    """What of the health check's port is no port; "" when all of it is."""
    return " ".join(word for word in _words(env.get(HEALTHCHECK, "")) if not _is_port(word))


def refuse_shared(wanted: Iterable[tuple[str, tuple[int, ...]]]) -> None:
    """JobRefused when the job itself puts two services, by name, on one port."""
    owners: dict[int, str] = {}
    for name, ports in wanted:
        for port in ports:
            if port in owners:
                raise JobRefused(
                    f"The services {owners[port]} and {name} are both put on port {port}; in a pod "
                    "all services share one network, so only one of them can have it",
                    hint=f"let one of them listen on another port, and say so in its {HEALTHCHECK}",
                    reference="service-port",
                )
            owners[port] = name


def usual(image: str) -> int:
    """The port that an image of this name listens on if nobody tells it otherwise; 0: unknown."""
    name = re.split(r"[:@]", image.rpartition("/")[2], maxsplit=1)[0]
    return _USUAL.get(name, 0)


def _words(text: str) -> list[str]:
    return re.split(r"[\s,]+", text.strip()) if text.strip() else []


def _is_port(word: str) -> bool:
    return word.isascii() and word.isdigit() and 0 < int(word[:6]) <= _HIGHEST
