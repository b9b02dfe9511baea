"""What `register` asks when no flag has said it, and what it says when it may not ask."""

from __future__ import annotations

import socket

import click

from podlane.core.config.check import EXECUTORS
from podlane.core.config.connection import is_url
from podlane.errors import ConfigError


def _host(typed: str) -> str:
    found = typed.rpartition("//")[2].strip("/ ")
    return found if is_url(f"https://{found}") else "gitlab.com"


class Questions:
    def __init__(self, *, is_interactive: bool) -> None:
        self._is_interactive = is_interactive

    def url(self, given: str) -> str:
        url = given or self._ask("url", "GitLab's address", default="https://gitlab.com")
        while not given and not is_url(url):
            click.echo(f"with its scheme, such as https://{_host(url)}", err=True)
            url = self._ask("url", "GitLab's address", default=f"https://{_host(url)}")
        if not is_url(url.strip()):
            raise ConfigError(
                f"`{url}` is not the address of a web server",
                hint="write it with its scheme, such as https://gitlab.com",
                reference="config-url",
            )
        return url

    def token(self, given: str) -> str:
        """The token stays off the screen."""
        return given.strip() or self._ask("token", "The runner's token (glrt-…)", hide=True)

    def name(self, given: str) -> str:
        default = socket.gethostname()
        if given or not self._is_interactive:
            return given or default
        return self._ask("name", "A name for the runner", default=default)

    def executor(self, given: str) -> str:
        if given and given not in EXECUTORS:
            raise ConfigError(
                f"podlane does not run the executor `{given}`; it runs: {', '.join(EXECUTORS)}",
                hint="leave --executor out, or register that runner with gitlab-runner",
                reference="config-executor",
            )
        while self._is_interactive and not given:
            answer = self._ask("executor", "The executor", default=EXECUTORS[0])
            if answer in EXECUTORS:
                return answer
            click.echo(f"podlane runs: {', '.join(EXECUTORS)}", err=True)
        return given or EXECUTORS[0]

    def optional(self, given: str, question: str) -> str:
        if given or not self._is_interactive:
            return given
        return self._ask("", question, default="")

    def _ask(
        self, flag: str, question: str, *, default: str | None = None, hide: bool = False
    ) -> str:
        if not self._is_interactive:
            raise ConfigError(
                f"--{flag} is needed with --non-interactive",
                hint=f"give --{flag}, or leave --non-interactive out to be asked",
                reference="usage",
            )
        answer: str = click.prompt(
            question, default=default, hide_input=hide, show_default=bool(default), err=True
        )
        return answer.strip()
