"""Route selection of an HTTP API.

AWS's order: a full match first, then a match with a greedy variable, then $default; and within these, fixed
segments beat variables from the left, and a named method beats ANY. Paths are case-sensitive, and a route
never matches with a trailing slash that it does not have.
"""

import re
from dataclasses import dataclass
from urllib.parse import unquote

from local_stack.errors import UsageError

DEFAULT_ROUTE = "$default"
_METHODS = frozenset({"ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
_VARIABLE = re.compile(r"\{([\w.:-]+)(\+?)\}")

type Rank = tuple[bool, tuple[int, ...], bool]


@dataclass(frozen=True)
class RouteKey:
    text: str
    method: str
    segments: tuple[str, ...]


@dataclass(frozen=True)
class Match[T]:
    key: str
    target: T
    path_parameters: dict[str, str]


class RouteTable[T]:
    def __init__(self, routes: dict[str, T]) -> None:
        self._default = [target for key, target in routes.items() if key == DEFAULT_ROUTE]
        self._routes = [(parse(key), target) for key, target in routes.items() if key != DEFAULT_ROUTE]

    def match(self, method: str, raw_path: str) -> Match[T] | None:
        segments = split(raw_path)
        found: list[tuple[Rank, RouteKey, T, dict[str, str]]] = []
        for key, target in self._routes:
            parameters = _fit(key.segments, segments)
            if parameters is not None and key.method in (method, "ANY"):
                found.append((_rank(key), key, target, parameters))
        if found:
            _, key, target, parameters = min(found, key=lambda candidate: candidate[0])
            return Match(key.text, target, parameters)
        for target in self._default:
            return Match(DEFAULT_ROUTE, target, {})
        return None


def parse(text: str) -> RouteKey:
    method, _, path = text.partition(" ")
    if method not in _METHODS or not path.startswith("/"):
        raise UsageError(f"{text!r} is not a route key such as 'GET /path/{{name}}' or '$default'")
    segments = split(path)
    for index, segment in enumerate(segments):
        variable = _VARIABLE.fullmatch(segment)
        if "{" in segment and not variable:
            raise UsageError(f"route key {text!r}: a variable is a whole segment, not part of one")
        if variable and variable.group(2) and index != len(segments) - 1:
            raise UsageError(f"route key {text!r}: only the last variable may be greedy")
    return RouteKey(text, method, segments)


def split(path: str) -> tuple[str, ...]:
    """Of the path as it was sent: an escaped slash does not separate segments."""
    return tuple(path.removeprefix("/").split("/"))


def _fit(pattern: tuple[str, ...], segments: tuple[str, ...]) -> dict[str, str] | None:
    parameters: dict[str, str] = {}
    for index, expected in enumerate(pattern):
        variable = _VARIABLE.fullmatch(expected)
        if variable and variable.group(2):
            rest = "/".join(segments[index:])
            return {**parameters, variable.group(1): unquote(rest)} if rest else None
        if index >= len(segments):
            return None
        if variable:
            if not segments[index]:
                return None
            parameters[variable.group(1)] = unquote(segments[index])
        elif expected != unquote(segments[index]):
            return None
    return parameters if len(pattern) == len(segments) else None


def _rank(key: RouteKey) -> Rank:
    """The lowest wins."""
    kinds = tuple(_kind(segment) for segment in key.segments)
    return (2 in kinds, kinds, key.method == "ANY")


def _kind(segment: str) -> int:
    variable = _VARIABLE.fullmatch(segment)
    if variable is None:
        return 0
    return 2 if variable.group(2) else 1
