"""Logs: one JSON object a line, of fields from a closed list. Documents, prompts, answers and secrets have no field."""

import logging
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pythonjsonlogger.json import JsonFormatter

ALLOWED_FIELDS = frozenset(
    {
        "analysis",
        "attempt",
        "calls",
        "cost_usd",
        "delay_s",
        "dependency",
        "environment",
        "error_at",
        "error_type",
        "fields",
        "input_tokens",
        "job_id",
        "message_id",
        "migrations",
        "outcome",
        "output_tokens",
        "reason",
        "redrive_of",
        "request_id",
        "resent",
        "route",
        "status",
    }
)


class Log:
    """The package's logger. A field that is not on the list is named in ``dropped``, and its value is not written."""

    def __init__(self) -> None:
        self._logger = logging.getLogger("pipeline")

    def info(self, message: str, **fields: object) -> None:
        """Something went as it should."""
        self._write(logging.INFO, message, fields)

    def warning(self, message: str, **fields: object) -> None:
        """Something went wrong that heals by itself."""
        self._write(logging.WARNING, message, fields)

    def error(self, message: str, error: BaseException, **fields: object) -> None:
        """Something went wrong that a person should look at.

        The error's type and the places it went through are written, but never its message: pydantic and PostgreSQL
        quote the data in theirs.
        """
        frames = traceback.extract_tb(error.__traceback__)[-6:]
        at = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
        self._write(logging.ERROR, message, {**fields, "error_type": type(error).__qualname__, "error_at": at})

    def _write(self, level: int, message: str, fields: Mapping[str, object]) -> None:
        allowed: dict[str, Any] = {name: _plain(value) for name, value in fields.items() if name in ALLOWED_FIELDS}
        if dropped := sorted(fields.keys() - ALLOWED_FIELDS):
            allowed["dropped"] = dropped
        self._logger.log(level, message, extra=allowed)


def configure() -> None:
    """Send the package's log to stdout, which Lambda writes to CloudWatch. Does nothing the second time."""
    logger = logging.getLogger("pipeline")
    if logger.handlers:
        return
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        JsonFormatter(
            "{levelname}{message}",
            style="{",
            rename_fields={"levelname": "level"},
            timestamp=True,
        )
    )
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False  # the runtime's own handler would write everything twice


def _plain(value: object) -> object:
    return value if isinstance(value, str | int | float | list | None) else str(value)


log = Log()
