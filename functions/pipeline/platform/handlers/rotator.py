"""Lambda: one step of a secret's rotation. Secrets Manager invokes it, four times in thirty days."""

from typing import Any

from pipeline.platform import bootstrap
from pipeline.platform.rotation import Step


def handler(event: dict[str, Any], _context: object) -> None:
    """Run one step. An error ends the rotation: Secrets Manager retries it, and an alarm is raised."""
    bootstrap.rotate_password().run(Step(event["Step"]), event["SecretId"], event["ClientRequestToken"])
