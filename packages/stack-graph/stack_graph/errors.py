"""Why the command could not do its work."""


class CannotRun(Exception):
    """What is missing, and what to do about it: the command ends with exit status 2."""
