"""The lines that the product logs, with their fields."""

import logging
from typing import Any

STANDARD = set(vars(logging.makeLogRecord({}))) | {"taskName", "message", "asctime"}


class LogLines(logging.Handler):
    """Records each line as its level, its message and its fields; an error's stack frames only by their presence."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[tuple[str, str, dict[str, Any]]] = []

    def emit(self, record: logging.LogRecord) -> None:
        fields = {name: value for name, value in vars(record).items() if name not in STANDARD}
        if "error_at" in fields:
            assert fields.pop("error_at")
        self.lines.append((record.levelname, record.getMessage(), fields))

    def only(self, message: str) -> tuple[str, dict[str, Any]]:
        """The level and the fields of the one line with this message."""
        ((level, fields),) = [(level, fields) for level, text, fields in self.lines if text == message]
        return level, fields
