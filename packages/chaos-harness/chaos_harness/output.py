"""Progress on stderr, the result alone on stdout."""

import sys


def progress(message: str) -> None:
    """Print a line about the progress of the run."""
    sys.stderr.write(f"chaos: {message}\n")
    sys.stderr.flush()


def result(text: str) -> None:
    """Print the result."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
