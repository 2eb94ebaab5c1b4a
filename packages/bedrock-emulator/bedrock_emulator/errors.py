"""Errors of the emulator, in the shape that the service uses.

ServiceError
|-- one code of the service model (ValidationException, ThrottlingException, ...)
`-- one code of AWS's front door (MissingAuthenticationTokenException, ...)

ServiceError is answered to the caller; PlanError is reported to the author of the fault plan.
"""


class ServiceError(Exception):
    """Answered as an AWS error: `code` names it, `message` is its text, `rule` is the broken one of `rules.json`."""

    def __init__(self, code: str, message: str, rule: str | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.rule = rule


class PlanError(ValueError):
    """A fault plan that the emulator does not understand; the text names the field and the accepted forms."""


def invalid(message: str) -> ServiceError:
    """The error for a request the service would refuse as it stands (400)."""
    return ServiceError("ValidationException", message)
