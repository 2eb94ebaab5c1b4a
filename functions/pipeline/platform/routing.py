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

    @property
    def method(self) -> str:
        """The HTTP method."""
        return self.key.split()[0]

    @property
    def path(self) -> str:
        """The path template."""
        return self.key.split()[1]


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

        Raises HttpProblem (404, 405) and the errors of the route's function.
        """
        route = self._by_key.get(event["routeKey"])
        return route.answer(event) if route else self._unmatched(event)

    def _unmatched(self, event: Event) -> Response:
        path, method = event["rawPath"], event["requestContext"]["http"]["method"]
        allowed = ", ".join(route.method for route in self._by_key.values() if _matches(route.path, path))
        if allowed and method == "OPTIONS":
            # A browser's preflight request; API Gateway adds the CORS headers.
            return {"statusCode": int(HTTPStatus.NO_CONTENT), "headers": {"allow": allowed}}
        if allowed:
            detail = f"This path supports: {allowed}."
            headers = {"allow": allowed}
            raise HttpProblem(HTTPStatus.METHOD_NOT_ALLOWED, "Method not allowed", detail, headers=headers)
        raise HttpProblem(HTTPStatus.NOT_FOUND, "No such path", "GET /openapi.json describes the API.")


def _matches(template: str, path: str) -> bool:
    template_parts, path_parts = template.split("/"), path.split("/")
    return len(template_parts) == len(path_parts) and all(
        part == given or (part[:1] == "{" and given) for part, given in zip(template_parts, path_parts, strict=True)
    )
