"""The shape of the manifest."""

from typing import Any, TypedDict


class StageParameters(TypedDict):
    """The values of a stage's Parameter Store parameters, as JSON text."""

    config: str
    rules: str


class Handler(TypedDict):
    """A Lambda handler. ``handler`` is the string that the stack gives to Lambda."""

    handler: str
    file: str
    line: int


class Routes(TypedDict):
    """The HTTP API: route keys as API Gateway writes them, and the handler that answers them."""

    handler: str
    file: str
    keys: list[str]
    public: list[str]
    """Keys of the routes that need no credentials."""


class AwsClient(TypedDict):
    """An AWS client, by the function that builds it. Timeouts in seconds, for each of the attempts."""

    name: str
    service: str
    connect_s: float
    read_s: float
    attempts: int
    file: str
    line: int


class SqlStatement(TypedDict):
    """A statement that the code prepares; the line is that of its block."""

    name: str
    file: str
    line: int
    text: str


class AnalysisFacts(TypedDict):
    """An analysis that can be requested."""

    name: str
    file: str
    input_schema: dict[str, Any]


class Problem(TypedDict):
    """Code that cannot be loaded."""

    file: str
    line: int
    message: str


class Models(TypedDict):
    """The models of the stage; ``own_aliases`` are those that the stage defines."""

    default: str
    aliases: dict[str, str]
    own_aliases: dict[str, str]
    guardrail: dict[str, Any] | None
    models: list[dict[str, Any]]


class Manifest(TypedDict, total=False):
    """All facts. Paths are relative to the repository."""

    package: str
    files: dict[str, str]
    handlers: list[Handler]
    worker: str
    """The handler that runs jobs."""
    routes: Routes
    request_headers: list[str]
    aws_clients: list[AwsClient]
    statements: list[SqlStatement]
    policy: dict[str, Any]
    """Timeouts, attempts, delays and limits, by subject."""
    models: Models
    sampling_parameters: dict[str, list[list[str]]]
    """By model id: the sampling parameters of each request that the code can send to it."""
    analyses: list[AnalysisFacts]
    unloadable_analyses: list[Problem]
    invalid_parameters: dict[str, str]
    """By ``config`` and ``rules``: why the code refuses the value of the parameter."""
    migrator: str
    """The module with ``read(folder)`` and ``apply(connection, migrations)``."""
    errors: dict[str, str]
    """By section: why it could not be computed."""
