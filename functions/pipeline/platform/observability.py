"""Logs: one JSON object a line, with typed fields. Documents, prompts, answers and secrets have no field."""

import logging
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import TypedDict, Unpack
from uuid import UUID

from pythonjsonlogger.json import JsonFormatter


class LogFields(TypedDict, total=False):
    """Every field that a line may have. The type checker refuses others, and none of these holds content."""

    analysis: str
    answers: int
    """Answers of the model in this attempt."""
    attempt: int | None
    cost_usd: float
    dependency: str
    erased: int
    error_at: list[str]
    """The last stack frames of an error: file, line and function."""
    error_type: str
    fields: list[str]
    """JSON Pointers of invalid fields; names that the schema does not have are masked."""
    input_tokens: int
    job_id: UUID | None
    limit_usd: float
    message_id: str
    migrations: list[str]
    outcome: str
    output_tokens: int
    owner_id: UUID
    """The job, sync run or chat turn that a model call is made for."""
    purpose: str
    reason: str | None
    redrive_of: UUID
    request_id: str
    resent: int
    roles: list[str]
    route: str
    spent_percent: float
    """The day's spending as a share of the stage's limit."""
    spent_usd: float
    status: int | str | None
    step: str
    """Step of a secret's rotation."""
    version: str
    """Version id of a secret."""


class Log:
    """The package's logger. Its first line sets it up, so a line is written even where no use case was built."""

    def __init__(self) -> None:
        self._logger = logging.getLogger("pipeline")

    def info(self, message: str, **fields: Unpack[LogFields]) -> None:
        """Log normal progress."""
        self._write(logging.INFO, message, fields)

    def warning(self, message: str, **fields: Unpack[LogFields]) -> None:
        """Log an error that recovers without intervention."""
        self._write(logging.WARNING, message, fields)

    def error(self, message: str, error: BaseException, **fields: Unpack[LogFields]) -> None:
        """Log an error that a person should look at.

        The error's type and the last six stack frames are written, never its message: pydantic and PostgreSQL quote
        data in theirs.
        """
        frames = traceback.extract_tb(error.__traceback__)[-6:]
        at = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
        located: LogFields = {"error_type": type(error).__qualname__, "error_at": at}
        self._write(logging.ERROR, message, {**fields, **located})

    def _write(self, level: int, message: str, fields: Mapping[str, object]) -> None:
        _configure(self._logger)
        self._logger.log(level, message, extra={name: _plain(value) for name, value in fields.items()})


def _configure(logger: logging.Logger) -> None:
    """Send the package's log to stdout, which Lambda writes to CloudWatch. Idempotent."""
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
    logger.propagate = False  # the runtime's own handler would write each line again


def _plain(value: object) -> object:
    return value if isinstance(value, str | int | float | list | None) else str(value)


log = Log()
