"""Every error podlane raises on purpose, named by what the catcher does next.

    PodlaneError(message, hint, reference)
    ├── ConfigError          a person must edit a file or a command line    cli: text, exit 2
    ├── JobRefused           this job cannot run as it was asked for        becomes a failed outcome
    └── ServiceError         a service answered badly (service, status)     raised by clients only
        ├── Unavailable      wait (retry_after seconds if told) and try again
        ├── Rejected         do not try again
        └── Gone             it no longer exists, or is not ours any more

Errors that belong to one program alone (a stage that failed, a job that was stopped) live with
that program.
"""

from __future__ import annotations


class PodlaneError(Exception):
    """What happened and why in `message`; what to do in `hint`; a stable kebab-case `reference`."""

    reference = "error"

    def __init__(self, message: str, *, hint: str = "", reference: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.reference = reference or self.reference

    def __str__(self) -> str:
        return f"{self.message}\nhint: {self.hint}" if self.hint else self.message


class ConfigError(PodlaneError):
    """A person must edit a file or a command line."""

    reference = "config"


class JobRefused(PodlaneError):
    """This job cannot run as it was asked for; GitLab is told `failure_reason` and `exit_code`."""

    reference = "job-refused"

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        reference: str = "",
        failure_reason: str = "runner_configuration_error",
        exit_code: int = 0,
    ) -> None:
        super().__init__(message, hint=hint, reference=reference)
        self.failure_reason = failure_reason
        self.exit_code = exit_code


class ServiceError(PodlaneError):
    """A service answered badly. `service` is `gitlab` or `kubernetes`, `status` 0 if none came.

    `details` is the service's own machine word where it has one: a Kubernetes Status reason
    such as `AlreadyExists`.
    """

    reference = "service"

    def __init__(
        self, message: str, *, service: str, status: int = 0, details: str = "", hint: str = ""
    ) -> None:
        super().__init__(message, hint=hint)
        self.service = service
        self.status = status
        self.details = details


class Unavailable(ServiceError):
    """Wait and try again, not before `retry_after` seconds if the service said so."""

    reference = "unavailable"

    def __init__(
        self,
        message: str,
        *,
        service: str,
        status: int = 0,
        details: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, service=service, status=status, details=details)
        self.retry_after = retry_after


class Rejected(ServiceError):
    """Do not try again: the answer will be the same."""

    reference = "rejected"


class Gone(ServiceError):
    """It no longer exists, or is not ours any more."""

    reference = "gone"
