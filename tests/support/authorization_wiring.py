"""The product's wiring with authorization. The committed wiring is that of dev, whose API is open."""

import json
from pathlib import Path
from typing import Any

from local_stack.issuer import AUDIENCE, READ, SUBMIT

WIRING = Path(__file__).parents[2] / "infra" / "wiring.json"
PUBLIC_ROUTES = {"GET /health", "HEAD /health"}
SUBMIT_ROUTES = {"POST /analyze", "POST /jobs/{id}/cancel", "DELETE /jobs/{id}"}


def jwt_wiring(issuer: str) -> dict[str, Any]:
    """The wiring with JWT authorization by the issuer, and a scope for each route."""
    authorizer = {
        "apiId": "${Api.id}",
        "name": "tokens",
        "authorizerType": "JWT",
        "identitySources": ["$request.header.Authorization"],
        "jwtConfiguration": {"issuer": issuer, "audiences": [AUDIENCE]},
    }
    wiring = _with_access("jwt", lambda key: _token_access(SUBMIT if key in SUBMIT_ROUTES else READ))
    wiring["resources"]["Tokens"] = {"type": "aws:apigatewayv2/authorizer:Authorizer", "inputs": authorizer}
    return wiring


def iam_wiring() -> dict[str, Any]:
    """The wiring with IAM authorization: requests are signed with AWS credentials."""
    return _with_access("iam", lambda _key: {"authorizationType": "AWS_IAM"})


def routes(wiring: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The properties of the routes, by route key."""
    found = (each["inputs"] for each in wiring["resources"].values() if each["type"].endswith("route:Route"))
    return {route["routeKey"]: route for route in found}


def _with_access(authorization: str, access: Any) -> dict[str, Any]:
    wiring: dict[str, Any] = json.loads(WIRING.read_text(encoding="utf-8"))
    wiring["resources"]["ApiHandler"]["inputs"]["environment"]["variables"]["API_AUTHORIZATION"] = authorization
    for key, route in routes(wiring).items():
        if key not in PUBLIC_ROUTES:
            route.update(access(key))
    return wiring


def _token_access(scope: str) -> dict[str, Any]:
    return {"authorizationType": "JWT", "authorizerId": "${Tokens.id}", "authorizationScopes": [scope]}
