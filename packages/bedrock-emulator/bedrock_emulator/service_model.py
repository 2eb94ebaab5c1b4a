"""The bedrock-runtime service as botocore describes it: operations, paths, error codes.

Only botocore's data file is read. A client, a session or boto3 would cost most of a second at start-up.
"""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from botocore.loaders import Loader
from botocore.model import ServiceModel

if TYPE_CHECKING:
    from botocore.model import OperationModel

SERVICE = "bedrock-runtime"
EMULATED = ("Converse", "ConverseStream", "InvokeModel", "CountTokens")

# Errors of AWS's front door: every service has them, no service model lists them.
FRONT_DOOR_ERRORS = {
    "MissingAuthenticationTokenException": 403,
    "UnrecognizedClientException": 403,
    "UnknownOperationException": 404,
    "SerializationException": 400,
}


@dataclass(frozen=True)
class Route:
    operation: str
    method: str
    path: re.Pattern[str]


class ServiceDescription:
    """Finds the operation that a request is for, and the HTTP status of an error code."""

    def __init__(self, model: ServiceModel) -> None:
        self._model = model
        self._routes = [_route(name, model) for name in model.operation_names]
        self._statuses = FRONT_DOOR_ERRORS | _modelled_errors(model)

    @classmethod
    def load(cls) -> "ServiceDescription":
        return cls(ServiceModel(Loader().load_service_model(SERVICE, "service-2"), SERVICE))

    def find(self, method: str, raw_path: str) -> tuple["OperationModel", dict[str, str]] | None:
        """The operation and its decoded path parameters; the path must still be percent-encoded.

        A model ARN holds a slash, which the SDKs send as %2F: decoding first would lose it.
        """
        for route in self._routes:
            match = route.path.fullmatch(raw_path)
            if match and route.method == method:
                values = {name: unquote(value) for name, value in match.groupdict().items()}
                return self._model.operation_model(route.operation), values
        return None

    def error_codes(self) -> list[str]:
        return sorted(self._statuses)

    def error_status(self, code: str) -> int:
        return self._statuses.get(code, 400)


def _route(name: str, model: ServiceModel) -> Route:
    http = model.operation_model(name).http
    path = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(http["requestUri"]))
    return Route(name, http["method"], re.compile(path))


def _modelled_errors(model: ServiceModel) -> dict[str, int]:
    shapes = (model.shape_for(name) for name in model.shape_names)
    return {s.name: s.metadata["error"]["httpStatusCode"] for s in shapes if "error" in s.metadata}
