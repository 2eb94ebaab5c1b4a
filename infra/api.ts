/** The HTTP API, and who may call its routes. Each system adds its own routes, in its folder. */

import { publicThrottle, type Throttle } from "../project.config";
import { stage } from "./stage";

const { auth, corsOrigins, throttle } = stage.api;

const throttled = ({ requestsPerSecond, burst }: Throttle) => ({
  throttlingRateLimit: requestsPerSecond,
  throttlingBurstLimit: burst,
});

/**
 * One line for each request: who asked for what, and the outcome. No tokens, and nothing of the caller's own choice, such
 * as the path, the query or the user agent: a caller can put a document there. Values that do not apply are "-".
 */
const accessLogFormat = JSON.stringify({
  requestTime: "$context.requestTime",
  requestId: "$context.requestId",
  routeKey: "$context.routeKey",
  status: "$context.status",
  responseLatency: "$context.responseLatency",
  integrationStatus: "$context.integration.status",
  integrationLatency: "$context.integration.latency",
  error: "$context.error.responseType",
  ip: "$context.identity.sourceIp",
  // The same identity as the tenant's: a token's subject or client, or an IAM user or role.
  subject: "$context.authorizer.claims.sub",
  client: "$context.authorizer.claims.client_id",
  principal: "$context.identity.userArn",
});

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
    stage: (args) => {
      args.defaultRouteSettings = throttled(throttle);
      // The keys are outputs of the routes: API Gateway refuses settings of a route that does not exist yet.
      args.routeSettings = $output(import("./jobs/api")).apply(({ openRoutes }) =>
        openRoutes.map(({ nodes }) => ({ routeKey: nodes.route.routeKey, ...throttled(publicThrottle) })),
      );
      args.accessLogSettings = $output(args.accessLogSettings).apply((settings) => ({
        destinationArn: settings!.destinationArn,
        format: accessLogFormat,
      }));
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
