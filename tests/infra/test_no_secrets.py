"""No file of the repository holds a credential, by detect-secrets."""

import re
import subprocess
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

import pytest
from detect_secrets.core.secrets_collection import SecretsCollection
from detect_secrets.settings import default_settings

ROOT = Path(__file__).parents[2]


class Known(NamedTuple):
    """Something that looks like a credential and is none."""

    file: str
    kind: str
    value: str
    """The whole of it, as a regular expression."""
    why: str


KNOWN = (
    Known(
        "*tests/*", "Secret Keyword", ".*", "passwords in tests are examples; the other detectors check these files too"
    ),
    Known("*", "Secret Keyword", r".*\s.*", "a sentence: credentials contain no spaces"),
    Known("*", "Secret Keyword", "local|rehearsal|chaos", "the key of the stand-ins for AWS, which do not check it"),
    Known("packages/*", "Secret Keyword", r"aws:\w+/\w+:\w+", "a type of resource"),
    Known("packages/deploy-checks/*", "Secret Keyword", r"\w+-hard-coded", "the name of a rule"),
    Known("*/graph_names.py", "Secret Keyword", r"name|secretsmanager\.amazonaws\.com", "a property, and a service"),
    Known(
        "packages/deploy-rehearsal/*",
        "Secret Keyword",
        "active|arn:secret",
        "a property of a secret",
    ),
    Known("infra/endpoints.ts", "Secret Keyword", "secretsmanager", "the name of the service"),
    Known(
        "packages/deploy-rehearsal/engine/wire*.ts",
        "*",
        "[0-9a-f]{32}",
        "how Pulumi's protocol marks its values: public",
    ),
    Known("packages/deploy-rehearsal/engine/other-types.ts", "Private Key", "BEGIN .*", "the frame of a made-up key"),
    Known("packages/stack-graph/stack_graph/events.py", "Hex *", "[0-9a-f]{32}", "the MD5 of nothing"),
    Known("tests/mutations/harmless.py", "Hex *", r"\w{12}", "a guardrail's id"),
    Known("tests/integration/test_postgres_connection.py", "Hex *", "[0-9a-f]{64}", "fingerprints of public roots"),
    Known(
        "docs/before-a-deploy.md",
        "Telegram *",
        "[123]+:bedrock-pipeline-.*",
        "an ARN: AWS's account of examples and a queue",
    ),
)


def secrets(root: Path, files: list[str]) -> Iterator[str]:
    """Each credential that is not KNOWN: file, line and kind, and never the value."""
    with default_settings():
        found = SecretsCollection(root=str(root))
        found.scan_files(*files, num_processors=2)
    for file, secret in found:
        value = secret.secret_value or ""
        if not any(
            fnmatch(file, one.file) and fnmatch(secret.type, one.kind) and re.fullmatch(one.value, value, re.DOTALL)
            for one in KNOWN
        ):
            yield f"{file}:{secret.line_number}: {secret.type}"


def test_repository_contains_no_secret() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    files = [file for file in listed.stdout.split("\0") if (ROOT / file).is_file()]
    assert "README.md" in files
    found = list(secrets(ROOT, files))
    assert not found, f"Remove them, or add them to KNOWN in {Path(__file__).name} with a reason: {found}"


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("tests/test_a.py", 'KEY = "AKIA' + "3XQ7LPW5TNZ2VJ4D" + '"'),
        ("scripts/a.py", 'password = "' + "hunter2-and-more" + '"'),
        ("infra/a.ts", 'const s = { Secrets: "' + "k9Pz-Lq2x" + '" };'),
        ("tests/a.pem", "-----BEGIN RSA PRIVATE " + "KEY-----"),
        ("README.md", "https://me:" + "s3cr3tpass" + "@example.org/"),
        ("tests/a.json", '"sha": "' + "8f14e45f" + "ceea167a" + "5a36dedd" + "4bea2543" + '"'),
    ],
)
def test_secret_is_found(tmp_path: Path, file: str, line: str) -> None:
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text(f"{line}\n")
    (found,) = secrets(tmp_path, [file])
    assert found.startswith(f"{file}:1: ")
