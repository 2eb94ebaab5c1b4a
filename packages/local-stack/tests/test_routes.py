"""Which route an HTTP API chooses."""

import pytest
from local_stack.errors import UsageError
from local_stack.gateway.routes import RouteTable, parse

KEYS = [
    "GET /pets",
    "GET /pets/{id}",
    "GET /pets/dog",
    "ANY /pets/{id}",
    "GET /pets/{id}/toys/{toy}",
    "GET /pets/{proxy+}",
    "ANY /{proxy+}",
    "GET /",
]


@pytest.mark.parametrize(
    ("method", "path", "key", "parameters"),
    [
        ("GET", "/pets", "GET /pets", {}),
        ("GET", "/", "GET /", {}),
        ("GET", "/pets/dog", "GET /pets/dog", {}),
        ("GET", "/pets/%64og", "GET /pets/dog", {}),
        ("GET", "/pets/cat", "GET /pets/{id}", {"id": "cat"}),
        ("POST", "/pets/dog", "ANY /pets/{id}", {"id": "dog"}),
        ("GET", "/pets/a%2Fb%20c", "GET /pets/{id}", {"id": "a/b c"}),
        ("GET", "/pets/1/toys/2", "GET /pets/{id}/toys/{toy}", {"id": "1", "toy": "2"}),
        ("GET", "/pets/1/toys", "GET /pets/{proxy+}", {"proxy": "1/toys"}),
        ("GET", "/pets/", "ANY /{proxy+}", {"proxy": "pets/"}),
        ("POST", "/pets", "ANY /{proxy+}", {"proxy": "pets"}),
        ("GET", "/Pets", "ANY /{proxy+}", {"proxy": "Pets"}),
        ("POST", "/", "$default", {}),
        ("GET", "/%zz", "ANY /{proxy+}", {"proxy": "%zz"}),
    ],
)
def test_the_most_specific_route_wins(method: str, path: str, key: str, parameters: dict[str, str]) -> None:
    for keys in (KEYS, list(reversed(KEYS))):
        match = RouteTable({**{k: k for k in keys}, "$default": "$default"}).match(method, path)
        assert match is not None
        assert (match.key, match.target, match.path_parameters) == (key, key, parameters)


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/pets/"), ("GET", "/other"), ("POST", "/pets"), ("GET", "//pets")]
)
def test_without_a_default_route_nothing_matches(method: str, path: str) -> None:
    assert RouteTable({"GET /pets": 1}).match(method, path) is None


@pytest.mark.parametrize("key", ["/pets", "GET pets", "get /pets", "GET /a{b}", "GET /{a+}/b", "TRACE /", "GET /{a b}"])
def test_what_is_no_route_key(key: str) -> None:
    with pytest.raises(UsageError):
        parse(key)
