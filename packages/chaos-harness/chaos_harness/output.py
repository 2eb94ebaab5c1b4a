"""Progress on stderr, the result alone on stdout."""

import sys


def say(message: str) -> None:
    """For the person who waits."""
    sys.stderr.write(f"chaos: {message}\n")
    sys.stderr.flush()


def result(text: str) -> None:
    """What was found."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
