"""Which function, queue and integration belong together: checked before anything starts."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from local_stack import resources as r
from local_stack import schedule
from local_stack.errors import UsageError
from local_stack.gateway.routes import DEFAULT_ROUTE, parse
from local_stack.wiring import Wiring, generated_id


@dataclass(frozen=True)
class RoutedTo:
    function: str
    timeout_seconds: float


@dataclass(frozen=True)
class Routed:
    """A route, and who may call it."""

    to: RoutedTo
    route: r.Route
    authorizer: r.Authorizer | None


@dataclass(frozen=True)
class Scheduled:
    function: str
    rate: schedule.Rate
    event: Any


@dataclass(frozen=True)
class Connections:
    """Functions and queues by their logical names."""

    api_id: str
    cors: r.CorsConfiguration
    routes: dict[str, Routed]
    mappings: list[tuple[r.EventSourceMapping, str, str]]  # the mapping, its queue, its function
    schedules: dict[str, Scheduled]
    invocations: dict[str, str]


def connect(wiring: Wiring) -> Connections:
    _refuse_what_there_is_one_of(wiring)
    apis = [generated_id(name) for name in wiring.of_type(r.Api)]
    return Connections(
        api_id=apis[0] if apis else "",
        cors=next((api.cors_configuration for api in wiring.of_type(r.Api).values()), r.CorsConfiguration()),
        routes=_routes(wiring, apis),
        mappings=[
            (mapping, _queue(wiring, name, mapping.event_source_arn), _function(wiring, name, mapping.function_name))
            for name, mapping in wiring.of_type(r.EventSourceMapping).items()
            if mapping.enabled
        ],
        schedules={
            name: Scheduled(
                _function(wiring, name, item.target.arn),
                _naming(name, schedule.parse, item.schedule_expression),
                item.target.input if item.target.input is not None else {},
            )
            for name, item in wiring.of_type(r.Schedule).items()
            if item.state == "ENABLED"
        },
        invocations={
            name: _function(wiring, name, item.function_name) for name, item in wiring.of_type(r.Invocation).items()
        },
    )


def _refuse_what_there_is_one_of(wiring: Wiring) -> None:
    for kind in (r.Api, r.DatabaseInstance):
        names = list(wiring.of_type(kind))
        if len(names) > 1:
            raise UsageError(f"{names[1]}: the local stack runs one {kind.__name__}, and {names[0]} is it")
    for queue_name, queue in wiring.of_type(r.Queue).items():
        if queue.redrive_policy:
            _queue(wiring, queue_name, queue.redrive_policy.dead_letter_target_arn)


def _routes(wiring: Wiring, apis: list[str]) -> dict[str, Routed]:
    integrations: dict[str, RoutedTo] = {}
    for name, integration in wiring.of_type(r.Integration).items():
        _known_api(name, integration.api_id, apis)
        function = _function(wiring, name, integration.integration_uri)
        integrations[f"integrations/{generated_id(name)}"] = RoutedTo(function, integration.timeout_milliseconds / 1000)
    authorizers = {generated_id(name): item for name, item in wiring.of_type(r.Authorizer).items()}
    for name, item in wiring.of_type(r.Authorizer).items():
        _known_api(name, item.api_id, apis)
    routes: dict[str, Routed] = {}
    for name, route in wiring.of_type(r.Route).items():
        _known_api(name, route.api_id, apis)
        if route.target not in integrations:
            raise UsageError(f"{name}: the target {route.target} is no integration of this file")
        if route.route_key in routes:
            raise UsageError(f"{name}: there is another route {route.route_key!r}")
        if route.route_key != DEFAULT_ROUTE:
            _naming(name, parse, route.route_key)
        if route.authorizer_id and route.authorizer_id not in authorizers:
            raise UsageError(f"{name}: the authorizer {route.authorizer_id} is none of this file")
        routes[route.route_key] = Routed(integrations[route.target], route, authorizers.get(route.authorizer_id))
    return routes


def _known_api(name: str, api_id: str, apis: list[str]) -> None:
    if api_id not in apis:
        raise UsageError(f"{name}: apiId {api_id!r} is no API of this file")


def _function(wiring: Wiring, owner: str, arn_or_name: str) -> str:
    for name, function in wiring.of_type(r.Function).items():
        if arn_or_name in (function.name, wiring.arn("lambda", f"function:{function.name}")):
            return name
    raise UsageError(f"{owner}: {arn_or_name!r} is no function of this file")


def _queue(wiring: Wiring, owner: str, arn: str) -> str:
    for name, queue in wiring.of_type(r.Queue).items():
        if arn == wiring.arn("sqs", queue.name):
            return name
    raise UsageError(f"{owner}: {arn!r} is no queue of this file")


def _naming[**P, T](name: str, action: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    try:
        return action(*args, **kwargs)
    except UsageError as exc:
        raise UsageError(f"{name}: {exc}") from exc
