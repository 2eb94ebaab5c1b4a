"""IAM's actions and their resource types: the Service Authorization Reference, as cfn-lint ships it."""

import json
import re
from functools import cache
from typing import Any

from stack_graph.iam import matches

from deploy_checks.aws_rules import DATA

REFERENCE = DATA / "AdditionalSpecs" / "Policies.json"


@cache
def _services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads(REFERENCE.read_text(encoding="utf-8"))
    return found


def exists(action: str) -> bool:
    """Whether an action exists, or a pattern matches one that does."""
    service, colon, name = action.lower().partition(":")
    return action == "*" or any(matches(name, one) for one in _actions(service)) if colon else action == "*"


def takes_resources(action: str) -> bool:
    """Whether the action, or any that the pattern matches, can be restricted to resources."""
    service, _, name = action.lower().partition(":")
    return any(of.get("Resources") for one, of in _actions(service).items() if matches(name, one))


def takes(action: str, arn: str) -> bool:
    """Whether the ARN has a resource type of the action. One with wildcards in its first parts may have any."""
    service, _, name = action.lower().partition(":")
    of = _actions(service).get(name, {})
    formats = [one for kind in of.get("Resources", ()) for one in _formats(service, kind)]
    return not formats or any("*" in part for part in _beginning(arn)) or any(re.fullmatch(f, arn) for f in formats)


def _beginning(arn: str) -> list[str]:
    """Partition and service of a full ARN; a wildcard for other texts."""
    parts = arn.split(":", 5)
    return parts[1:3] if len(parts) == 6 else ["*"]


def _actions(service: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = _services().get(service, {}).get("Actions", {})
    return found


@cache
def _formats(service: str, kind: str) -> tuple[str, ...]:
    known = _services()[service].get("Resources", {})
    written = (one for name, of in known.items() if name.lower() == kind.lower() for one in of.get("ARNFormats", ()))
    return tuple(re.sub(r"\$\{\w+\}", "[^:]*", one) for one in written)
