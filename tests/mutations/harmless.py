"""Harmless changes: the only finding may be that generated files are stale."""

from tests.mutations.mutation import Append, Change, Edit, Mutation, mutation
from tests.mutations.next_migration import next_migration

PROJECT = "project.config.ts"
NETWORK = 'network: { mode: "endpoints", zones: 2, endpointZones: 1, bastionFrom: [] }'
GENERATED = {("wiring-stale", "infra/wiring.json")}
JWT = 'auth: { type: "jwt", issuer: "https://login.example.com", audiences: ["analysis"], scopes: { submit: ["jobs/write"], read: ["jobs/read"] } }'


def harmless(what: str, *changes: Change, stage: str = "dev") -> Mutation:
    """A change without findings."""
    return mutation("FINE", what, "", "", *changes, stage=stage)


SUMMARY, SWEEP = "functions/pipeline/analyses/summary.py", "functions/pipeline/jobs/services/sweep_jobs.py"
RULE = """
    @field_validator("summary")
    @classmethod
    def contains_please(cls, text: str) -> str:
        if "please" not in text:
            raise ValueError("The word please is missing")
        return text


def prompt(given"""
HOOK = '        import urllib.request\n\n        urllib.request.urlopen("https://hooks.example.com", timeout=3)\n'

MUTATIONS = (
    harmless("nat-gateway", Edit(PROJECT, NETWORK, NETWORK.replace("endpoints", "nat-gateway", 1))),
    harmless("nat-instance", Edit(PROJECT, NETWORK, NETWORK.replace("endpoints", "nat-instance", 1))),
    harmless("bastion", Edit(PROJECT, NETWORK, NETWORK.replace("[]", '["203.0.113.7/32"]'))),
    harmless("proxy", Edit(PROJECT, "proxy: false", "proxy: true")),
    harmless("jwt", Edit(PROJECT, 'auth: { type: "iam" }', JWT), stage="staging"),
    Mutation("FINE", "alarm-email", "", "", (), environment={"DEV_ALARM_EMAIL": "alarms@example.com"}),
    harmless("arm64", Edit(PROJECT, 'architecture: "x86_64"', 'architecture: "arm64"')),
    harmless("another-region", Edit(PROJECT, 'region: "us-east-1"', 'region: "eu-west-1"')),
    harmless("more-memory", Edit(PROJECT, "worker: 512", "worker: 2_048")),
    harmless("no-tracing", Edit(PROJECT, "tracing: true", "tracing: false")),
    harmless("cheaper-default-model", Edit(PROJECT, "    model: null,", '    model: "fast",')),
    harmless("two-models-only", Edit(PROJECT, 'allowedModels: "listed"', 'allowedModels: ["sonnet", "haiku"]')),
    harmless("guardrail", Edit(PROJECT, "guardrail: null", 'guardrail: { identifier: "abc123def456", version: "1" }')),
    harmless(
        "second-migration",
        Append(next_migration("index_model"), "CREATE INDEX jobs_by_model ON jobs (model_id);\n"),
    ),
    harmless("empty-package", Append("functions/pipeline/extra/__init__.py", "")),
    harmless(
        "aws-imported-in-typescript",
        Edit(
            "infra/jobs/sweeper.ts",
            "import { functionSettings }",
            'import * as aws from "@pulumi/aws";\nimport { functionSettings }',
        ),
        Append("infra/jobs/sweeper.ts", "\nvoid aws;\n"),
    ),
    harmless("library-of-the-developers", Append("functions/.python-version", "3.12\n")),
    harmless(
        "comments-and-docs",
        Append("README.md", "\nOne more line.\n"),
        Append("infra/jobs/queue.ts", "\n// One more line.\n"),
    ),
    harmless(
        "rule-that-no-schema-knows",
        Edit(SUMMARY, "import Field\n", "import Field, field_validator\n"),
        Edit(SUMMARY, "\n\ndef prompt(given", RULE),
    ),
    harmless("call-of-another-service", Edit(SWEEP, "        stranded = ", f"{HOOK}        stranded = ")),
)
