"""The marks that fold the log in GitLab, and the colours of the runner's own lines."""

from __future__ import annotations

CYAN, RED, YELLOW = "\x1b[36;1m", "\x1b[31;1m", "\x1b[0;33m"
GREEN, RESET, CLEAR = "\x1b[32;1m", "\x1b[0;m", "\x1b[0K"


def section_start(name: str, now: float) -> str:
    return f"section_start:{int(now)}:{name}\r{CLEAR}"


def section_end(name: str, now: float) -> str:
    return f"section_end:{int(now)}:{name}\r{CLEAR}"


def header(text: str) -> str:
    return f"{CLEAR}{CYAN}{text}{RESET}{RESET}\n"


def plain(text: str) -> str:
    return f"{CLEAR}{text}{RESET}\n"


def info(text: str) -> str:
    return f"{GREEN}{text}{RESET}\n"


def warning(text: str) -> str:
    return f"{YELLOW}WARNING: {text}{RESET}\n"


def error(text: str) -> str:
    return f"{RED}ERROR: {text}{RESET}\n"
