"""Fixes that are code: each finding disappears when the code of its fix is pasted into the resource that it names.

``tests/mutations/test_fixes.py`` pastes into the program, where the code has arguments of SST's components.
"""

import json
import re
from collections.abc import Sequence
from typing import Any

import pytest
from deploy_checks.checks import every_check, needs_graph
from deploy_checks.finding import Finding
from deploy_checks.rules import Rule

from tests.support.graphs import Recorded, checks_naming, findings, recorded

CHECKS = [check for check in every_check() if needs_graph(check)]
CODE = re.compile(r"""(\w+): ("[^"]*"|\[[^\]]*\]|true|false|\d+)""")
MOVED = {"id": "cold", "status": "Enabled", "transitions": [{"storageClass": "STANDARD_IA", "days": 3}]}
LIBRARIES = {"name": "shared_preload_libraries", "value": "pg_cron", "applyMethod": "immediate"}

CASES: list[tuple[str, str, dict[str, Any], Rule]] = [
    ("dev", "DatabaseInstance", {"publiclyAccessible": True}, "public-database"),
    ("dev", "DatabaseInstance", {"storageEncrypted": False}, "unencrypted-database"),
    ("production", "DatabaseInstance", {"deletionProtection": False}, "no-deletion-protection"),
    ("production", "ResultsBucket", {"forceDestroy": True}, "bucket-can-be-emptied"),
    ("dev", "JobsQueue", {"sqsManagedSseEnabled": False}, "unencrypted-queue"),
    ("dev", "WorkerJobs", {"functionResponseTypes": []}, "no-partial-responses"),
    ("dev", "WorkerJobs", {"batchSize": 50}, "batch-without-window"),
    ("dev", "ApiRouteStatusIntegration", {"payloadFormatVersion": "1.0"}, "payload-version"),
    ("dev", "ApiRouteStatusPermissions", {"principal": "s3.amazonaws.com"}, "permission-for-another-service"),
    ("dev", "Migration", {"input": "now"}, "invocation-input"),
    ("dev", "DatabaseParameterGroup", {"parameters": [LIBRARIES]}, "static-parameter-immediate"),
    ("dev", "ResultsLifecycle", {"rules": [MOVED]}, "transition-too-early"),
]


@pytest.mark.parametrize(("stage", "resource", "broken", "rule"), CASES, ids=[case[3] for case in CASES])
def test_the_pasted_fix_removes_the_finding(stage: str, resource: str, broken: dict[str, Any], rule: Rule) -> None:
    graph = recorded(stage)
    assert not named(rule, graph)
    properties = graph[resource]
    properties.update(json.loads(json.dumps(broken)))
    (finding,) = named(rule, graph)
    code = {name: json.loads(value) for name, value in CODE.findall(finding.fix)}
    assert code, finding.fix
    assert paste(properties, code), f"nothing of {resource} takes {code}"
    assert not named(rule, graph)


def named(rule: Rule, graph: Recorded) -> Sequence[Finding]:
    return [finding for finding in findings(checks_naming(rule, CHECKS), graph) if finding.id == rule]


def paste(properties: Any, code: dict[str, Any]) -> bool:
    """Set the properties where there are such; in their parts, as in a list of parameters, if there are none."""
    if isinstance(properties, list):
        return sum(paste(part, code) for part in properties) > 0
    if not isinstance(properties, dict):
        return False
    if code.keys() <= properties.keys():
        properties.update(code)
        return True
    return sum(paste(part, code) for part in properties.values()) > 0
