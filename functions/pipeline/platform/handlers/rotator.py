"""Lambda: one step of a secret's rotation. Invoked by Secrets Manager, four times in thirty days."""

from typing import Any

from pipeline.platform import bootstrap
from pipeline.platform.rotation import Step


def handler(event: dict[str, Any], _context: object) -> None:
    """An error ends the rotation; Secrets Manager tries it again, and the alarm tells."""
    bootstrap.rotate_password().run(Step(event["Step"]), event["SecretId"], event["ClientRequestToken"])
