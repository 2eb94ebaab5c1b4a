/** The HTTP API, and who may call its routes. Each system adds its own routes, in its folder. */

import { stage } from "./stage";

const { auth, corsOrigins, throttle } = stage.api;

export const api = new sst.aws.ApiGatewayV2("Api", {
  cors:
    corsOrigins.length > 0 && {
      allowOrigins: corsOrigins,
      allowMethods: ["GET", "POST", "DELETE"],
      allowHeaders: ["authorization", "content-type", "idempotency-key", "x-amz-date", "x-amz-security-token"],
      exposeHeaders: ["location", "retry-after"],
      maxAge: "1 hour",
    },
  accessLog: { retention: stage.functions.logRetention },
  transform: {
    stage: {
      defaultRouteSettings: {
        throttlingRateLimit: throttle.requestsPerSecond,
        throttlingBurstLimit: throttle.burst,
      },
    },
  },
});

type RouteAuth = sst.aws.ApiGatewayV2RouteArgs["auth"];

/** The kind of access that a route gives: a token must have a scope for it. */
type Access = "submit" | "read";

function routeAuthorization(): (access: Access) => RouteAuth {
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
      return (access) => ({ jwt: { authorizer: authorizer.id, scopes: auth.scopes[access] } });
    }
  }
}

/** The authorization of a route, by the kind of access that it gives. */
export const authorizationFor = routeAuthorization();
