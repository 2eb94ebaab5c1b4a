"""Log records of libraries, on stderr: where they are from and the type of the error, and never their text.

A text cannot be known in advance. aiohttp and werkzeug quote the bytes that they could not parse, asyncio the exception
of a task, and any of these can be a document.
"""

import logging
import traceback

from local_stack import output


class ContentFree(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        kind, _, trace = record.exc_info or (None, None, None)
        frames = traceback.extract_tb(trace)
        error = f": {kind.__name__}" if kind else ""
        raised = f" at {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
        output.write_line(f"{record.name}, {record.module}:{record.lineno}{error}{raised}")


def configure() -> None:
    logging.basicConfig(handlers=[ContentFree()], level=logging.WARNING)
