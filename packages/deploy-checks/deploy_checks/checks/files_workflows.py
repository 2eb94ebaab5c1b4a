"""GitHub's workflows: zizmor's audits, and rules for the jobs that deploy with SST."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from stack_graph.graph import Rehearsed

from deploy_checks.checks.files_text import line_of, text_of
from deploy_checks.finding import Finding, Severity
from deploy_checks.linters import run_linter
from deploy_checks.rules import Rule

FOLDER = Path(".github/workflows")
CREDENTIALS = "aws-actions/configure-aws-credentials"
DEPLOYS = re.compile(r"\bdeploy\.sh\b|\bsst (?:deploy|remove)\b")
STORED = re.compile(r"aws[-_](?:access[-_]key[-_]id|secret[-_]access[-_]key)", re.IGNORECASE)
CAUSE = re.compile(r"(?ms)^Caused by:\n(.*?)\n\s*\n")
"""zizmor's reasons for a workflow that it cannot load."""
SEVERITIES: dict[str, Severity] = {"High": "medium", "Medium": "medium", "Low": "low"}
"""zizmor's severities. None of its audits makes a deploy fail, so none is ``high``."""
RULES: dict[str, Rule] = {"unpinned-uses": "action-not-pinned"}
"""Audits with a separate rule; the others are ``workflow-insecure``, with zizmor's name in the message."""


@dataclass(frozen=True)
class Job:
    """One job, with the settings of its workflow."""

    file: str
    text: str
    name: str
    own: dict[str, Any]
    workflow: dict[str, Any]

    @property
    def line(self) -> int:
        """The line of its name."""
        return line_of(self.text, rf"^\s+[\"']?{re.escape(self.name)}[\"']?:")

    @property
    def steps(self) -> list[dict[str, Any]]:
        """Its steps, in order."""
        return [step for step in self.own.get("steps") or () if isinstance(step, dict)]

    @property
    def deploys(self) -> bool:
        """Whether it changes a stage."""
        return any(DEPLOYS.search(str(step.get("run", ""))) for step in self.steps)

    def setting(self, name: str) -> Any:
        """Its setting, or else its workflow's."""
        return self.own.get(name, self.workflow.get(name))

    def finding(self, rule: Rule, message: str, fix: str) -> Finding:
        """A finding about the whole job."""
        return Finding(rule, "high", self.file, self.line, f"The job {self.name} {message}", fix)


def files(root: Path) -> list[str]:
    """The workflows, relative to the repository."""
    found = [*(root / FOLDER).glob("*.yml"), *(root / FOLDER).glob("*.yaml")]
    return sorted(str(path.relative_to(root)) for path in found)


def audits(rehearsed: Rehearsed) -> Iterator[Finding]:
    """GitHub accepts every workflow, and zizmor finds no security problem in it."""
    for file in files(rehearsed.root):
        options = ("--offline", "--no-exit-codes", "--no-progress", "--quiet", "--strict-collection", "--format=json")
        done = run_linter("zizmor", *options, file, folder=rehearsed.root)
        try:
            results = json.loads(done.stdout)
        except ValueError:
            yield _broken(file, done.stderr)
            continue
        for result in results:
            yield _audit(file, result)


def _broken(file: str, output: str) -> Finding:
    cause = CAUSE.search(f"{output}\n\n")
    reasons = [
        re.sub(r"^\s*\d+: ", "", line).strip() for line in (cause[1].splitlines() if cause else output.splitlines())
    ]
    at = re.search(r"at line (\d+)", output)
    message = f"GitHub does not run {file}: {'; '.join(reason for reason in reasons if reason)}"
    return Finding("workflow-broken", "high", file, int(at[1]) if at else 1, message, "Fix the workflow")


def _audit(file: str, result: dict[str, Any]) -> Finding:
    primary = next(place for place in result["locations"] if place["symbolic"]["kind"] == "Primary")
    start = primary["concrete"]["location"]["start_point"]
    severity = SEVERITIES.get(result["determinations"]["severity"], "low")
    place = f"{primary['concrete']['feature'].strip()} {primary['symbolic']['annotation']}"
    message = f"zizmor {result['ident']}: {result['desc']}: {place}"
    rule = RULES.get(result["ident"], "workflow-insecure")
    return Finding(rule, severity, file, start["row"] + 1, message, f"See {result['url']}")


def jobs(root: Path) -> Iterator[Job]:
    """Every job of the workflows that can be read; ``audits`` reports the others."""
    for file in files(root):
        text = text_of(root, file)
        try:
            content = yaml.safe_load(text)
        except yaml.YAMLError:
            continue
        listed = content.get("jobs") if isinstance(content, dict) else None
        for name, own in (listed if isinstance(listed, dict) else {}).items():
            if isinstance(own, dict):
                yield Job(file, text, str(name), own, content)


def deploy_jobs(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Jobs that deploy do so one at a time, with short-lived credentials, after jobs that exist."""
    every = list(jobs(rehearsed.root))
    names = {(job.file, job.name) for job in every}
    for job in every:
        needs = job.own.get("needs", [])
        for missing in [
            name for name in ([needs] if isinstance(needs, str) else needs) if (job.file, name) not in names
        ]:
            message = f"GitHub does not run {job.file}: {job.name} needs the job {missing}, which does not exist"
            yield Finding("workflow-broken", "high", job.file, job.line, message, "Name an existing job")
        yield from _credentials(job)
    yield from _concurrent([job for job in every if job.deploys])


def _concurrent(deploying: list[Job]) -> Iterator[Finding]:
    """SST locks a stage: the second of two concurrent deploys fails, and a cancelled one leaves the lock."""
    first: tuple[Job, str] | None = None
    for job in deploying:
        given = job.setting("concurrency")
        group = str((given.get("group") if isinstance(given, dict) else given) or "")
        fix = "Give every job that deploys the same `concurrency` group for its stage, with cancel-in-progress: false"
        if not group:
            message = "deploys without a `concurrency` group: the second of two concurrent deploys fails at SST's lock"
            yield job.finding("deploys-meet", message, fix)
            continue
        if isinstance(given, dict) and given.get("cancel-in-progress"):
            message = "cancels a running deploy: SST's lock remains, and the change is half made"
            yield job.finding("deploy-cancelled", message, fix)
        first = first or (job, _literal(group))
        if _literal(group) != first[1]:
            message = f"has another `concurrency` group than {first[0].name} in {first[0].file}: both may run"
            yield job.finding("deploys-meet", message, fix)


def _literal(group: str) -> str:
    """The part before the stage's name."""
    return group.partition("${{")[0]


def _credentials(job: Job) -> Iterator[Finding]:
    permissions = job.setting("permissions")
    token = permissions == "write-all" or (isinstance(permissions, dict) and permissions.get("id-token") == "write")
    for step in job.steps:
        requests = str(step.get("uses", "")).startswith(CREDENTIALS) and "role-to-assume" in (step.get("with") or {})
        if requests and not token:
            message = "requests AWS credentials without `id-token: write`: GitHub issues no token, and it fails"
            yield job.finding("workflow-without-token", message, "Add `id-token: write` to the job's permissions")
    if job.deploys and not any(str(step.get("uses", "")).startswith(CREDENTIALS) for step in job.steps):
        message = f"deploys without a step {CREDENTIALS}: it has no credentials for an AWS account"
        yield job.finding("workflow-without-credentials", message, "Assume the stage's role with that action, by OIDC")
    if found := STORED.search(yaml.safe_dump([job.own, job.workflow.get("env")])):
        line = line_of(job.text, re.escape(found.group()))
        message = f"The job {job.name} uses stored AWS keys: they never expire, and give their readers lasting access"
        fix = "Assume a role by OIDC: role-to-assume, and `id-token: write`"
        yield Finding("workflow-stores-keys", "high", job.file, line, message, fix)


CHECKS = (audits, deploy_jobs)
