"""GitHub's workflows: that they run at all, and that what deploys does so alone, with short-lived credentials."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from stack_graph.graph import Rehearsed

from deploy_checks.checks.files_text import line_of, text_of
from deploy_checks.finding import Finding

FOLDER = Path(".github/workflows")
CREDENTIALS = "aws-actions/configure-aws-credentials"
DEPLOYS = re.compile(r"\bdeploy\.sh\b|\bsst (?:deploy|remove)\b")
PINNED = re.compile(r"\./.*|[^@]+@[0-9a-f]{40}|docker://.+@sha256:[0-9a-f]{64}")
"""A file of the repository, or a commit: whoever owns a tag can move it."""
STORED = re.compile(r"aws[-_](?:access[-_]key[-_]id|secret[-_]access[-_]key)", re.IGNORECASE)


@dataclass(frozen=True)
class Job:
    """One job, with what its workflow says for all."""

    file: str
    text: str
    name: str
    own: dict[str, Any]
    workflow: dict[str, Any]

    @property
    def line(self) -> int:
        """Where it begins."""
        return line_of(self.text, rf"^\s+[\"']?{re.escape(self.name)}[\"']?:")

    @property
    def steps(self) -> list[dict[str, Any]]:
        """What it does, one after the other."""
        steps = self.own.get("steps")
        return [step for step in steps if isinstance(step, dict)] if isinstance(steps, list) else []

    @property
    def deploys(self) -> bool:
        """Whether it changes a stage."""
        return any(DEPLOYS.search(str(step.get("run", ""))) for step in self.steps)

    def setting(self, name: str) -> Any:
        """Its own, or its workflow's."""
        return self.own.get(name, self.workflow.get(name))

    def finding(self, rule: str, message: str, fix: str) -> Finding:
        """Of the job as a whole."""
        return Finding(rule, "high", self.file, self.line, f"The job {self.name} {message}", fix)


def jobs(root: Path) -> Iterator[Job | Finding]:
    """Every job; a finding for a workflow in which GitHub would find none."""
    for path in sorted([*(root / FOLDER).glob("*.yml"), *(root / FOLDER).glob("*.yaml")]):
        file = str(path.relative_to(root))
        text = text_of(root, file)
        try:
            content = yaml.safe_load(text)
        except yaml.YAMLError as fault:
            mark = getattr(fault, "problem_mark", None)
            yield _broken(file, mark.line + 1 if mark else 1, f"it is no YAML ({getattr(fault, 'problem', fault)})")
            continue
        content = content if isinstance(content, dict) else {}
        listed = content.get("jobs")
        if not isinstance(listed, dict) or not (content.get("on") or content.get(True)):  # YAML 1.1: `on` is true
            yield _broken(file, 1, "it has no `jobs`, or no `on` to start them")
            continue
        for name, own in listed.items():
            job = Job(file, text, str(name), own if isinstance(own, dict) else {}, content)
            needs = job.own.get("needs", [])
            unknown = {needs} - listed.keys() if isinstance(needs, str) else set(needs) - listed.keys()
            if unknown:
                yield _broken(file, job.line, f"{name} needs {', '.join(unknown)}, which is no job")
            elif "uses" not in job.own and not (job.own.get("runs-on") and job.steps):
                yield _broken(file, job.line, f"the job {name} has no `runs-on`, or no `steps`")
            else:
                yield job


def _broken(file: str, line: int, why: str) -> Finding:
    message = f"GitHub does not run {file}: {why}"
    return Finding("workflow-broken", "high", file, line, message, "Mend it; `actionlint` tells more")


def workflows(rehearsed: Rehearsed) -> Iterator[Finding]:
    """All that is asked of each job."""
    found = list(jobs(rehearsed.root))
    yield from (one for one in found if isinstance(one, Finding))
    whole = [one for one in found if isinstance(one, Job)]
    yield from _meetings([job for job in whole if job.deploys])
    for job in whole:
        yield from _credentials(job)
        yield from _actions(job)


def _meetings(deploying: list[Job]) -> Iterator[Finding]:
    """SST locks a stage: of two deploys at once the second fails, and one that is cancelled leaves the lock behind."""
    first: tuple[Job, str] | None = None
    for job in deploying:
        given = job.setting("concurrency")
        group = str((given.get("group") if isinstance(given, dict) else given) or "")
        fix = "Give every job that deploys the same `concurrency` group for its stage, with cancel-in-progress: false"
        if not group:
            message = "deploys without a `concurrency` group: of two deploys at once the second fails at SST's lock"
            yield job.finding("deploys-meet", message, fix)
            continue
        if isinstance(given, dict) and given.get("cancel-in-progress"):
            message = "cancels a deploy that runs: SST's lock stays behind, and half of the change is made"
            yield job.finding("deploy-cancelled", message, fix)
        first = first or (job, _literal(group))
        if _literal(group) != first[1]:
            message = f"has another `concurrency` group than {first[0].name} in {first[0].file}: they deploy at once"
            yield job.finding("deploys-meet", message, fix)


def _literal(group: str) -> str:
    """What comes before the stage's name."""
    return group.partition("${{")[0]


def _credentials(job: Job) -> Iterator[Finding]:
    permissions = job.setting("permissions")
    token = permissions == "write-all" or (isinstance(permissions, dict) and permissions.get("id-token") == "write")
    for step in job.steps:
        asks = str(step.get("uses", "")).startswith(CREDENTIALS) and "role-to-assume" in (step.get("with") or {})
        if asks and not token:
            message = "asks AWS for credentials without `id-token: write`: GitHub gives it no token, and it stops"
            yield job.finding("workflow-without-token", message, "Add `id-token: write` to the job's permissions")
    if job.deploys and not any(str(step.get("uses", "")).startswith(CREDENTIALS) for step in job.steps):
        message = f"deploys and has no step {CREDENTIALS}: there is no AWS account to deploy to"
        yield job.finding("workflow-without-credentials", message, "Take the stage's role with that action, by OIDC")
    if found := STORED.search(yaml.safe_dump([job.own, job.workflow.get("env")])):
        line = line_of(job.text, re.escape(found.group()))
        message = f"The job {job.name} has stored AWS keys: they never expire, and whoever reads them keeps the account"
        fix = "Take a role by OIDC: role-to-assume, and `id-token: write`"
        yield Finding("workflow-stores-keys", "high", job.file, line, message, fix)


def _actions(job: Job) -> Iterator[Finding]:
    for uses in [job.own.get("uses"), *(step.get("uses") for step in job.steps)]:
        if uses and not PINNED.fullmatch(str(uses)):
            line = line_of(job.text, re.escape(str(uses)))
            message = f"{uses} is whatever its owner puts behind that name tomorrow, run with this job's permissions"
            fix = "Name the full commit id, with the version in a comment"
            yield Finding("action-not-pinned", "medium", job.file, line, message, fix)


CHECKS = (workflows,)
