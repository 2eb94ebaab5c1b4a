"""The error of a command that could not run."""


class CannotRun(Exception):
    """The reason and the fix: the command ends with exit status 2."""
