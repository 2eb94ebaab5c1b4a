"""The authorizer of each route, from the wiring."""

from collections.abc import Mapping

from local_stack.connections import Routed
from local_stack.gateway.authorization import Authorize, allow_all
from local_stack.gateway.iam_authorizer import iam_authorizer
from local_stack.gateway.jwt_authorizer import JwtAuthorizer


def access(routes: Mapping[str, Routed], region: str, secret: str) -> dict[str, Authorize]:
    """By route key. Routes with the same authorizer share its keys."""
    known: dict[str, JwtAuthorizer] = {}

    def of(routed: Routed) -> Authorize:
        route = routed.route
        if routed.authorizer is None:
            return iam_authorizer(region, secret) if route.authorization_type == "AWS_IAM" else allow_all
        settings = routed.authorizer.jwt_configuration
        authorizer = known.setdefault(route.authorizer_id, JwtAuthorizer(settings.issuer, settings.audiences))
        return authorizer.of_route(route.authorization_scopes)

    return {key: of(routed) for key, routed in routes.items()}
