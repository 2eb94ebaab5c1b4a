"""The product's wiring, as a stage has it that asks who calls: the committed one is of dev, which asks nobody."""

import json
from pathlib import Path
from typing import Any

from local_stack.issuer import AUDIENCE, READ, SUBMIT

WIRING = Path(__file__).parents[2] / "infra" / "wiring.json"
OPEN = "GET /health"
WANTS_SUBMIT = {"POST /analyze", "POST /jobs/{id}/cancel"}


def by_token(issuer: str) -> dict[str, Any]:
    """Access tokens of this issuer, with a scope for what they are shown for."""
    authorizer = {
        "apiId": "${Api.id}",
        "name": "tokens",
        "authorizerType": "JWT",
        "identitySources": ["$request.header.Authorization"],
        "jwtConfiguration": {"issuer": issuer, "audiences": [AUDIENCE]},
    }
    wiring = _with_access(lambda key: _token_access(SUBMIT if key in WANTS_SUBMIT else READ))
    wiring["resources"]["Tokens"] = {"type": "aws:apigatewayv2/authorizer:Authorizer", "inputs": authorizer}
    return wiring


def by_signature() -> dict[str, Any]:
    """Requests signed with AWS credentials."""
    return _with_access(lambda _key: {"authorizationType": "AWS_IAM"})


def routes(wiring: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """By route key."""
    found = (each["inputs"] for each in wiring["resources"].values() if each["type"].endswith("route:Route"))
    return {route["routeKey"]: route for route in found}


def _with_access(access: Any) -> dict[str, Any]:
    wiring: dict[str, Any] = json.loads(WIRING.read_text(encoding="utf-8"))
    for key, route in routes(wiring).items():
        if key != OPEN:
            route.update(access(key))
    return wiring


def _token_access(scope: str) -> dict[str, Any]:
    return {"authorizationType": "JWT", "authorizerId": "${Tokens.id}", "authorizationScopes": [scope]}
