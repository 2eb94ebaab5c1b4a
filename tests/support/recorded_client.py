"""A stand-in for a boto3 client, with answers from a table."""

from typing import Any


class RecordedClient:
    """A boto3 client that answers from a table: a value, an exception, or a function of the call's arguments."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self._answers = answers

    def __getattr__(self, operation: str) -> Any:
        def answer(**arguments: Any) -> Any:
            value = self._answers[operation]
            if isinstance(value, Exception):
                raise value
            return value(**arguments) if callable(value) else value

        return answer

    def get_paginator(self, operation: str) -> Any:
        return RecordedClient({"paginate": lambda **arguments: [getattr(self, operation)(**arguments)]})
