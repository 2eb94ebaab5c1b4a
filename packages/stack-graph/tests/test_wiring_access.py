"""The wiring file preserves the authorization of each route, so that the same callers are allowed locally."""

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

from tests.support import authorization_wiring
from tests.support.graphs import Recorded, recorded

HERE = Surroundings("http://127.0.0.1:4566", "/run/socket")
ISSUER = "https://login.example.com"


def connected(wiring: str, directory: Path) -> Connections:
    file = directory / "wiring.json"
    file.write_text(wiring, encoding="utf-8")
    return connect(resolve(load(file), HERE))


def jwt_stage() -> Recorded:
    """The graph of a stage with JWT authorization, as SST creates it."""
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
            scope = SUBMIT if properties["routeKey"] in authorization_wiring.SUBMIT_ROUTES else READ
            properties.update(authorizationType="JWT", authorizerId="auth01", authorizationScopes=[scope])
    return graph


def test_every_route_but_health_of_a_stage_with_iam_authorization_requires_a_signature(tmp_path: Path) -> None:
    routes = connected(text(Graph(recorded("staging").data)), tmp_path).routes
    kinds = {key: routed.route.authorization_type for key, routed in routes.items()}
    assert kinds == {key: "NONE" if key in authorization_wiring.PUBLIC_ROUTES else "AWS_IAM" for key in routes}


def test_a_stage_with_jwt_authorization_has_the_wiring_of_the_end_to_end_tests(tmp_path: Path) -> None:
    def access(connections: Connections) -> dict[str, Any]:
        return {
            key: (
                routed.route.authorization_type,
                routed.route.authorization_scopes,
                routed.authorizer and routed.authorizer.jwt_configuration,
            )
            for key, routed in connections.routes.items()
        }

    deployed = connected(text(Graph(jwt_stage().data)), tmp_path)
    assert access(deployed) == access(connected(json.dumps(authorization_wiring.jwt_wiring(ISSUER)), tmp_path))


def test_cors_allows_only_the_origins_of_the_stage(tmp_path: Path) -> None:
    assert connected(text(Graph(recorded("dev").data)), tmp_path).cors.allow_origins == ["http://localhost:3000"]
    assert connected(text(Graph(recorded("staging").data)), tmp_path).cors.allow_origins == []


def test_a_missing_authorizer_is_an_error(tmp_path: Path) -> None:
    wiring = authorization_wiring.jwt_wiring(ISSUER)
    authorization_wiring.routes(wiring)["GET /jobs"]["authorizerId"] = "none"
    with pytest.raises(UsageError, match="the authorizer none is none of this file"):
        connected(json.dumps(wiring), tmp_path)
    authorization_wiring.routes(wiring)["GET /jobs"]["authorizerId"] = ""
    with pytest.raises(UsageError, match="authorizationType JWT goes with authorizerId"):
        connected(json.dumps(wiring), tmp_path)
