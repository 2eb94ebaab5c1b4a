"""Routes of the HTTP API, each declared once: the function that answers it, and its OpenAPI operation."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import NotRequired, TypedDict, Unpack

from pydantic import BaseModel

from pipeline.platform.http import Event, HttpProblem, Response

type Answer = Callable[[Event], Response]


@dataclass(frozen=True, slots=True)
class RouteResponse:
    """A response that a route gives in its own format. ``model`` is its body, or ``None`` for free JSON."""

    status: HTTPStatus
    model: type[BaseModel] | None
    description: str
    headers: Mapping[str, str] = field(default_factory=dict)
    links: tuple[str, ...] = ()
    """Operation ids that take the response's id."""


@dataclass(frozen=True, slots=True)
class Route:
    """One route. ``key`` is API Gateway's route key, such as ``GET /status/{id}``."""

    key: str
    answer: Answer
    operation_id: str
    summary: str
    success: RouteResponse
    failure: RouteResponse | None = None
    """A response with an error status that is no problem document."""
    errors: tuple[str, ...] = ()
    """Error statuses that are specific to this route."""
    description: str = ""
    body: type[BaseModel] | None = None
    """The request's body."""
    query: type[BaseModel] | None = None
    """The request's query parameters."""
    public: bool = False
    """Whether the route is open to callers without credentials."""
    tag: str = "jobs"
    """The group of the description that has the route."""

    @property
    def method(self) -> str:
        """The HTTP method."""
        return self.key.split()[0]

    @property
    def path(self) -> str:
        """The path template."""
        return self.key.split()[1]

    @property
    def gateway_keys(self) -> tuple[str, ...]:
        """The route keys that API Gateway needs for this route.

        A HEAD request reaches ``$default``, which requires credentials: a public route needs a key for it.
        """
        return (self.key, f"HEAD {self.path}") if self.public and self.method == "GET" else (self.key,)


class Declaration(TypedDict):
    """The arguments of ``Routes.route``: fields of Route."""

    summary: str
    success: RouteResponse
    failure: NotRequired[RouteResponse]
    errors: NotRequired[tuple[str, ...]]
    description: NotRequired[str]
    body: NotRequired[type[BaseModel]]
    query: NotRequired[type[BaseModel]]
    public: NotRequired[bool]
    tag: NotRequired[str]


class Routes:
    """The routes of one function, in the order of their declaration."""

    def __init__(self) -> None:
        self._by_key: dict[str, Route] = {}

    def __iter__(self) -> Iterator[Route]:
        return iter(self._by_key.values())

    def route(self, key: str, **declaration: Unpack[Declaration]) -> Callable[[Answer], Answer]:
        """Declare the decorated function as the answer to a route."""

        def declare(answer: Answer) -> Answer:
            self._by_key[key] = Route(key, answer, answer.__name__, **declaration)
            return answer

        return declare

    def answer(self, event: Event) -> Response:
        """The response of the event's route. API Gateway has matched it already; ``$default`` matches no route.

        A HEAD request gets the response of GET, of which HTTP sends the headers alone.

        Raises HttpProblem (404, 405) and the errors of the route's function.
        """
        route = self._by_key.get(event["routeKey"])
        return route.answer(event) if route else self._unmatched(event)

    def _head(self, event: Event) -> Response | None:
        for route in self._by_key.values():
            parameters = _parameters(route.path, event["rawPath"])
            if route.method == "GET" and parameters is not None:
                return route.answer({**event, "pathParameters": parameters})
        return None

    def _unmatched(self, event: Event) -> Response:
        path, method = event["rawPath"], event["requestContext"]["http"]["method"]
        if method == "HEAD" and (response := self._head(event)):
            return response
        matching = [route.method for route in self._by_key.values() if _parameters(route.path, path) is not None]
        allowed = ", ".join([*matching, "HEAD"] if "GET" in matching else matching)
        if allowed and method == "OPTIONS":
            # A browser's preflight request; API Gateway adds the CORS headers.
            return {"statusCode": int(HTTPStatus.NO_CONTENT), "headers": {"allow": allowed}}
        if allowed:
            detail = f"This path supports: {allowed}."
            headers = {"allow": allowed}
            raise HttpProblem(HTTPStatus.METHOD_NOT_ALLOWED, "Method not allowed", detail, headers=headers)
        raise HttpProblem(HTTPStatus.NOT_FOUND, "No such path", "GET /openapi.json describes the API.")


def _parameters(template: str, path: str) -> dict[str, str] | None:
    """The path's values for the variables of the template, or ``None`` if it does not match."""
    template_parts, path_parts = template.split("/"), path.split("/")
    if len(template_parts) != len(path_parts):
        return None
    parameters = {}
    for part, given in zip(template_parts, path_parts, strict=True):
        if part[:1] == "{" and given:
            parameters[part[1:-1]] = given
        elif part != given:
            return None
    return parameters
