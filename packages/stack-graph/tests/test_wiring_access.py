"""Who may call a route of a deployed stage may call it locally, and nobody else: the wiring carries it over."""

import json
from pathlib import Path
from typing import Any

import pytest
from local_stack.connections import Connections, connect
from local_stack.errors import UsageError
from local_stack.issuer import AUDIENCE, READ, SUBMIT
from local_stack.wiring import Surroundings, load, resolve
from stack_graph.graph import Graph
from stack_graph.wiring import text

from tests.support import guarded
from tests.support.graphs import Recorded, recorded

HERE = Surroundings("http://127.0.0.1:4566", "/run/socket")
ISSUER = "https://login.example.com"


def connected(wiring: str, directory: Path) -> Connections:
    file = directory / "wiring.json"
    file.write_text(wiring, encoding="utf-8")
    return connect(resolve(load(file), HERE))


def by_token() -> Recorded:
    """The graph of a stage that takes tokens, as SST makes it."""
    graph = recorded("staging")
    api = graph.resource("ApiApi")
    authorizer = {
        "apiId": api["id"],
        "name": "bedrock-pipeline-staging-Tokens-abcdefgh",
        "authorizerType": "JWT",
        "identitySources": ["$request.header.Authorization"],
        "jwtConfiguration": {"issuer": ISSUER, "audiences": [AUDIENCE]},
    }
    named = {"type": "aws:apigatewayv2/authorizer:Authorizer", "name": "Tokens", "id": "auth01", "urn": "urn:tokens"}
    graph.data["resources"].append({**api, **named, "inputs": authorizer, "outputs": {}})
    for route in [each["name"] for each in graph.data["resources"] if each["type"].endswith("route:Route")]:
        properties = graph[route]
        if properties["authorizationType"] == "AWS_IAM":
            scope = SUBMIT if properties["routeKey"] in guarded.WANTS_SUBMIT else READ
            properties.update(authorizationType="JWT", authorizerId="auth01", authorizationScopes=[scope])
    return graph


def test_a_stage_that_takes_signatures(tmp_path: Path) -> None:
    routes = connected(text(Graph(recorded("staging").data)), tmp_path).routes
    kinds = {key: routed.route.authorization_type for key, routed in routes.items()}
    assert kinds == {key: "NONE" if key == guarded.OPEN else "AWS_IAM" for key in routes}


def test_a_stage_that_takes_tokens_is_the_one_that_the_tests_run(tmp_path: Path) -> None:
    def access(connections: Connections) -> dict[str, Any]:
        return {
            key: (
                routed.route.authorization_type,
                routed.route.authorization_scopes,
                routed.authorizer and routed.authorizer.jwt_configuration,
            )
            for key, routed in connections.routes.items()
        }

    deployed = connected(text(Graph(by_token().data)), tmp_path)
    assert access(deployed) == access(connected(json.dumps(guarded.by_token(ISSUER)), tmp_path))


def test_pages_of_the_stages_origins_alone(tmp_path: Path) -> None:
    assert connected(text(Graph(recorded("dev").data)), tmp_path).cors.allow_origins == ["http://localhost:3000"]
    assert connected(text(Graph(recorded("staging").data)), tmp_path).cors.allow_origins == []


def test_an_authorizer_that_is_not_there_is_named(tmp_path: Path) -> None:
    wiring = guarded.by_token(ISSUER)
    guarded.routes(wiring)["GET /jobs"]["authorizerId"] = "none"
    with pytest.raises(UsageError, match="the authorizer none is none of this file"):
        connected(json.dumps(wiring), tmp_path)
    guarded.routes(wiring)["GET /jobs"]["authorizerId"] = ""
    with pytest.raises(UsageError, match="authorizationType JWT goes with authorizerId"):
        connected(json.dumps(wiring), tmp_path)
