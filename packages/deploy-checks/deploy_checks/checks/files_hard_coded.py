"""Values that belong to the stack and not to the code: accounts, regions, endpoints; and credentials in files."""

import ast
import re
from collections.abc import Iterator

from stack_graph.graph import Rehearsed

from deploy_checks.checks.files_config import PLACEHOLDERS
from deploy_checks.checks.files_imports import sources, tree_of
from deploy_checks.checks.files_text import line_at, program_files
from deploy_checks.finding import Finding
from deploy_checks.rules import Rule

CREDENTIAL = re.compile(
    r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"  # an access key's id
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|\b(?:ghp|github_pat|xox[bp]|sk)[-_][A-Za-z0-9_-]{20,}"
    r"|(?i:aws_secret_access_key|aws_session_token)[\"']?\s*[:=]\s*[\"'][A-Za-z0-9/+=]{16,}[\"']"
)
PASSED: dict[str, Rule] = {
    "region_name": "region-hard-coded",
    "endpoint_url": "endpoint-hard-coded",
    "aws_access_key_id": "key-hard-coded",
    "password": "password-hard-coded",
}
"""Arguments of clients and connections whose values come from the environment or from Secrets Manager."""
ACCOUNT = re.compile(r"(?<![\w.-])\d{12}(?![\w.])")


def credentials(rehearsed: Rehearsed) -> Iterator[Finding]:
    """No access key, token or private key is in the code or in the program."""
    files = [(file, path.read_text(encoding="utf-8")) for file, path in sources(rehearsed.root)]
    for file, text in (*files, *program_files(rehearsed.root)):
        for found in CREDENTIAL.finditer(text):
            message = "A credential is in this file: it is in git and in every archive, and every reader can use it"
            fix = "Revoke it; functions have a role, and passwords are in Secrets Manager"
            yield Finding("credential-in-file", "critical", file, line_at(text, found.start()), message, fix)


def decided_by_the_stack(rehearsed: Rehearsed) -> Iterator[Finding]:
    """The same archive runs in every stage: differences between stages are in the environment."""
    for file, path in sources(rehearsed.root):
        tree = tree_of(path)
        for node in ast.walk(tree):
            if isinstance(node, ast.keyword) and node.arg in PASSED and isinstance(node.value, ast.Constant):
                if isinstance(node.value.value, str):
                    message = f"{node.arg} is a literal: every stage, locally and on AWS, uses the same value"
                    fix = f"Leave {node.arg} to the environment"
                    yield Finding(PASSED[node.arg], "critical", file, node.value.lineno, message, fix)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                for found in ACCOUNT.findall(node.value):
                    if found not in PLACEHOLDERS:
                        message = (
                            f"{node.value[:100]!r} names the AWS account {found}: other stages have no such resource"
                        )
                        fix = "Take the name from the function's environment"
                        yield Finding("hard-coded-account", "critical", file, node.lineno, message, fix)


CHECKS = (credentials, decided_by_the_stack)
