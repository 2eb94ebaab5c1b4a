/** Who may call a route. */

import { stage } from "./stage";

type RouteAuth = sst.aws.ApiGatewayV2RouteArgs["auth"];

/** What a caller wants: a token needs a scope for it. */
type Purpose = "submit" | "read";

export function authOf(api: sst.aws.ApiGatewayV2): (purpose: Purpose) => RouteAuth {
  const { auth } = stage.api;
  switch (auth.type) {
    case "open":
      return () => false;
    case "iam":
      return () => ({ iam: true });
    case "jwt": {
      const authorizer = api.addAuthorizer({
        name: "Tokens",
        jwt: { issuer: auth.issuer, audiences: auth.audiences },
      });
      return (purpose) => ({ jwt: { authorizer: authorizer.id, scopes: auth.scopes[purpose] } });
    }
  }
}
