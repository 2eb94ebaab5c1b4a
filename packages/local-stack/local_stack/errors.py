"""Errors that end a start.

StackError          the stack cannot run; the message is all the user sees
└── UsageError      the command line or a file it names is invalid: exit status 2, nothing was started
"""


class StackError(Exception):
    """Ends the command with its message and exit status 1."""

    exit_status = 1


class UsageError(StackError):
    """Ends the command before anything was started."""

    exit_status = 2
