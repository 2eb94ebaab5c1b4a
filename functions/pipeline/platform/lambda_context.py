"""The context object of an invocation, as Lambda passes it to a handler."""

from typing import Protocol


class LambdaContext(Protocol):
    """The part of it that the handlers use."""

    aws_request_id: str

    def get_remaining_time_in_millis(self) -> int: ...
