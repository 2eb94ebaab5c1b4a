"""The emulator's log on stderr. It never has a request's content, whichever library writes the record."""

import logging
import sys
import traceback

OWN = "bedrock_emulator"


class ContentFree(logging.Formatter):
    """The emulator's own records as they are; of other libraries' records the place and the type of the error.

    Their texts cannot be known in advance: aiohttp quotes the bytes that it could not parse, and asyncio the exception
    of a task.
    """

    def format(self, record: logging.LogRecord) -> str:
        start = f"{self.formatTime(record)} {record.levelname} {record.name}"
        if record.name == OWN:
            return f"{start} {record.getMessage()}"
        return f"{start} at={record.module}:{record.lineno}{_error(record)}"


def configure(level: str) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(ContentFree())
    logging.basicConfig(handlers=[handler], level=logging.WARNING)
    logging.getLogger(OWN).setLevel(level.upper())


def _error(record: logging.LogRecord) -> str:
    kind, _, trace = record.exc_info or (None, None, None)
    if kind is None:
        return ""
    frames = traceback.extract_tb(trace)
    return f" error={kind.__name__}" + (f" raised={frames[-1].filename}:{frames[-1].lineno}" if frames else "")
