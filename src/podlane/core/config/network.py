"""How a job's pod finds hosts: `dns_policy`, `dns_config` and `host_aliases`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_address

import msgspec

_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_HOST_NAME = re.compile(rf"(?=.{{1,253}}$){_LABEL}(\.{_LABEL})*", re.ASCII)
_SEARCH = re.compile(r"\.|(?=.{1,254}$)[a-z0-9_]([-a-z0-9_.]*[a-z0-9_])?\.?", re.ASCII)
Fault = tuple[str, str]
_MOST = {"nameservers": 3, "searches": 32}


class DnsOption(msgspec.Struct, frozen=True):
    name: str
    value: str = ""


class DnsConfig(msgspec.Struct, frozen=True):
    """`dns_config`: what is added to the pod's resolv.conf, or all of it under `none`."""

    nameservers: tuple[str, ...] = ()
    searches: tuple[str, ...] = ()
    options: tuple[DnsOption, ...] = ()


class HostAlias(msgspec.Struct, frozen=True):
    """One line of the pod's /etc/hosts."""

    ip: str
    hostnames: tuple[str, ...] = ()


def faults_of_dns(dns: DnsConfig) -> Iterator[Fault]:
    for key, most in _MOST.items():
        if len(getattr(dns, key)) > most:
            yield key, f"must be {most} at most"
    for index, text in enumerate(dns.nameservers):
        if not _is_address(text):
            yield f"nameservers[{index}]", f"is no IP address: {text[:60]!r}"
    for index, text in enumerate(dns.searches):
        if not _SEARCH.fullmatch(text):
            yield f"searches[{index}]", f"is no domain in small letters: {text[:60]!r}"


def faults_of_option(option: DnsOption) -> Iterator[Fault]:
    if not option.name:
        yield "name", "must not be empty"


def faults_of_alias(alias: HostAlias) -> Iterator[Fault]:
    if not _is_address(alias.ip):
        yield "ip", f"is no IP address: {alias.ip[:60]!r}"
    for index, name in enumerate(alias.hostnames):
        if not _HOST_NAME.fullmatch(name):
            yield f"hostnames[{index}]", f"is no host name in small letters: {name[:60]!r}"


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return "%" not in text
