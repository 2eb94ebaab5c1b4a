"""API Gateway's JWT authorizer: access tokens, checked against what their issuer publishes.

A token is looked at in AWS's order: its signature (RSA alone), then its issuer, audience, times, and last the scopes of
the route. While an issuer is down, or publishes nothing usable, every request is refused.
"""

import asyncio
import json
import urllib.request
from functools import partial
from typing import Any
from urllib.error import URLError

import jwt

from local_stack import output
from local_stack.gateway.authorization import Authorize, Caller, forbidden, unauthorized
from local_stack.gateway.request import Request

ALGORITHMS = ["RS256", "RS384", "RS512"]
KEYS_KEPT_SECONDS = 7200  # as long as API Gateway may keep an issuer's keys; an unknown key id is asked for at once
ISSUER_TIMEOUT_SECONDS = 5


class JwtAuthorizer:
    def __init__(self, issuer: str, audiences: list[str]) -> None:
        self._issuer = issuer
        self._audiences = frozenset(audiences)
        self._keys: jwt.PyJWKClient | None = None

    def of_route(self, scopes: list[str]) -> Authorize:
        """Routes share an authorizer, and want different scopes."""
        return partial(self._authorize, frozenset(scopes))

    async def _authorize(self, required: frozenset[str], request: Request) -> Caller:
        token = _token(request)
        if not token:
            raise unauthorized("Bearer")
        try:
            claims = await asyncio.to_thread(self._claims, token)
        except (jwt.PyJWTError, URLError, ValueError, KeyError) as exc:
            output.write_line(f"gateway: a token is refused: {type(exc).__name__}")
            raise unauthorized(_challenge("", "invalid_token", _why(exc))) from exc
        given = _scopes(claims)
        if required and not required & set(given):
            raise forbidden(("www-authenticate", _challenge(" ".join(sorted(required)), "insufficient_scope", "")))
        strings = {name: _as_string(value) for name, value in claims.items()}
        return {"jwt": {"claims": strings, "scopes": given if required else None}}

    def _claims(self, token: str) -> dict[str, Any]:
        key = self._published().get_signing_key_from_jwt(token)
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=ALGORITHMS,
            issuer=self._issuer,
            options={"require": ["exp", "iss"], "verify_aud": False, "verify_sub": False},
        )
        # Of the two, `client_id` counts where there is no `aud`: the access tokens of Amazon Cognito have none.
        audience = claims.get("aud", claims.get("client_id"))
        if self._audiences.isdisjoint(audience if isinstance(audience, list) else [audience]):
            raise jwt.InvalidAudienceError
        return claims

    def _published(self) -> jwt.PyJWKClient:
        if self._keys is None:
            document = f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"
            with urllib.request.urlopen(document, timeout=ISSUER_TIMEOUT_SECONDS) as answer:  # noqa: S310 - the stack's own setting
                uri = json.load(answer)["jwks_uri"]
            self._keys = jwt.PyJWKClient(uri, lifespan=KEYS_KEPT_SECONDS, timeout=ISSUER_TIMEOUT_SECONDS)
        return self._keys


def _token(request: Request) -> str:
    """With or without the name of the scheme."""
    given = request.header("authorization").strip()
    scheme, _, rest = given.partition(" ")
    return rest.strip() if scheme.lower() == "bearer" else given


def _scopes(claims: dict[str, Any]) -> list[str]:
    given = claims.get("scope", claims.get("scp", ""))
    return [str(one) for one in (given.split() if isinstance(given, str) else given if isinstance(given, list) else [])]


def _as_string(value: object) -> str:
    """A claim reaches the function as text, a list as its items between brackets."""
    if isinstance(value, list):
        return f"[{' '.join(_as_string(item) for item in value)}]"
    return value if isinstance(value, str) else json.dumps(value)


def _why(error: Exception) -> str:
    match error:
        case jwt.InvalidAudienceError():
            return "the token does not have a valid audience"
        case jwt.ExpiredSignatureError():
            return "the token has expired"
        case _:
            return "the token is not valid"


def _challenge(scope: str, error: str, description: str) -> str:
    detail = f' error_description="{description}"' if description else ""
    return f'Bearer scope="{scope}" error="{error}"{detail}'
