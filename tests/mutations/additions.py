"""Additions of a team, one at a time, with SST's defaults: none of them is wrong, so the checks may only advise."""

from tests.mutations.locking import lock
from tests.mutations.mutation import Append, Change, Edit, Mutation, mutation
from tests.mutations.next_migration import next_migration

API, PYPROJECT = "infra/api.ts", "functions/pyproject.toml"
LAST = '    await import("./infra/budget");\n'
NETWORK = 'import { vpc } from "./network";\n\n'
EVENTS = "functions/pipeline/extras/events.py"
HANDLER = "def handler(event: object, context: object) -> str:\n    del context\n    return str(event)\n"
PACKAGE = Append("functions/pipeline/extras/__init__.py", "")
FUNCTION = '{ handler: "pipeline/extras/events.handler", runtime: "python3.12" }'


def added(what: str, program: str, *changes: Change) -> Mutation:
    """A file beside the other resources, and what else the addition needs."""
    imported = Edit("sst.config.ts", LAST, f'{LAST}    await import("./infra/extras");\n')
    return mutation("FINE", what, "", "", Append("infra/extras.ts", program), imported, *changes)


MUTATIONS = (
    added("second-bucket", 'export const reports = new sst.aws.Bucket("Reports", { versioning: true });\n'),
    added(
        "look-ups",
        """export const network = aws.ec2.getVpcOutput({ default: true }).id;
export const image = aws.ssm.getParameterOutput({ name: "/aws/service/ami/latest" }).value;
export const token = aws.secretsmanager.getSecretOutput({ name: "partner/token" }).arn;
export const zone = aws.route53.getZoneOutput({ name: "example.com" }).zoneId;
""",
    ),
    added("existing-bucket", 'export const archive = sst.aws.Bucket.get("Archive", "archive-of-the-team");\n'),
    added("redis", f'{NETWORK}export const cache = new sst.aws.Redis("Cache", {{ vpc }});\n'),
    added(
        "topic-of-events",
        f'export const bus = new sst.aws.Bus("Events");\nbus.subscribe("OnEvent", {FUNCTION});\n',
        PACKAGE,
        Append(EVENTS, HANDLER),
    ),
    added("users", 'export const users = new sst.aws.CognitoUserPool("Users", { usernames: ["email"] });\n'),
    added("sender-of-mail", 'export const mail = new sst.aws.Email("Mail", { sender: "team@example.com" });\n'),
    added(
        "own-key",
        """export const key = new aws.kms.Key("Own", { enableKeyRotation: true });
export const private_ = new sst.aws.Queue("Private", { transform: { queue: { kmsMasterKeyId: key.arn } } });
""",
    ),
    added(
        "dashboard",
        """import { jobQueue } from "./jobs/queue";

const widget = { type: "metric", width: 12, height: 6, properties: { metrics: [["AWS/SQS", "NumberOfMessagesSent"]] } };
export const page = new aws.cloudwatch.Dashboard("Team", {
  dashboardName: `${$app.name}-${$app.stage}-team`,
  dashboardBody: $jsonStringify({ widgets: [widget, { type: "text", properties: { markdown: jobQueue.url } }] }),
});
""",
    ),
    added(
        "function-of-node",
        'export const hook = new sst.aws.Function("Hook", { handler: "hooks/hook.handler", url: true });\n',
        Append("hooks/hook.ts", "export const handler = async () => ({ statusCode: 204 });\n"),
    ),
    added("files-of-a-page", 'export const site = new sst.aws.StaticSite("Site", { path: "docs" });\n'),
    added(
        "router",
        'import { api } from "./api";\n\nexport const edge = new sst.aws.Router("Edge", { routes: { "/*": api.url } });\n',
    ),
    mutation(
        "FINE",
        "custom-domain",
        "",
        "",
        Edit(API, '"Api", {\n', '"Api", {\n  domain: "api.example.com",\n'),
    ),
    mutation(
        "FINE",
        "extensions",
        "",
        "",
        Append(
            next_migration("add_extensions"),
            "CREATE EXTENSION IF NOT EXISTS vector;\nCREATE EXTENSION IF NOT EXISTS pg_trgm;\n",
        ),
    ),
    mutation(
        "FINE",
        "packages",
        "",
        "",
        Edit(PYPROJECT, '    "pg8000', '    "httpx==0.28.1",\n    "jinja2==3.1.6",\n    "numpy==2.3.5",\n    "pg8000'),
        lock,
    ),
)
"""Fifteen additions. Those of a whole week at once are in ``first_week``."""
