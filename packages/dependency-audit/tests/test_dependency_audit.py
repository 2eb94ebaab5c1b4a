"""The reports about vulnerable packages, and about registries that do not answer."""

import gzip
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from dependency_audit import __main__, accepted, ask, node_packages, python_packages
from dependency_audit.answer import Advisory, Answer, NoAnswer

ROOT = Path(__file__).parents[3]
TODAY = date(2026, 11, 21)
ADVISORY = Advisory(("PYSEC-1", "CVE-1"), "pydantic", "2.14.3", True, "It parses too much.", "pydantic 2.14.4")
PIP_AUDIT = f"""#!{sys.executable}
import json, re, sys
from pathlib import Path
results = json.loads(Path(__file__).with_name("results.json").read_text())
text = Path(sys.argv[sys.argv.index("--requirement") + 1]).read_text()
names = re.findall(r"^([\\w.-]+)==(\\S+)", text, re.MULTILINE)
with Path(__file__).with_name("queries").open("a") as log:
    log.write(f"{{len(names)}}\\n")
if results == "broken":
    sys.exit("requests.exceptions.ConnectionError: no route")
default = {{"name": "", "vulns": []}} | results.get("*", {{}})
print(json.dumps({{"dependencies": [
    default | {{"name": n, "version": v}} | results.get(n, {{}}) for n, v in names if results.get(n) != "absent"
]}}))
"""
"""Replaces pip-audit, which can query https://pypi.org only. Its output has the format of pip-audit 2.10.1."""


class PyPI:
    """The results that pip-audit prints, and its number of queries."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        command = folder / "pip-audit"
        command.write_text(PIP_AUDIT)
        command.chmod(0o755)

    def answer_with(self, results: Any) -> None:
        (self._folder / "results.json").write_text(json.dumps(results))

    @property
    def queries(self) -> list[int]:
        """The number of packages in each query."""
        return [int(line) for line in (self._folder / "queries").read_text().split()]


@pytest.fixture
def pypi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PyPI:
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return PyPI(tmp_path)


class Registry(ThreadingHTTPServer):
    """npm's registry, with its advisories by package."""

    advisories: dict[str, list[dict[str, Any]]]
    queries: list[int]
    """The number of packages in each query."""
    status = 200


class RegistryHandler(BaseHTTPRequestHandler):
    server: Registry

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        named = json.loads(gzip.decompress(body) if self.headers.get("content-encoding") == "gzip" else body)
        self.server.queries.append(len(named))
        self._answer(
            self.server.status, {name: self.server.advisories[name] for name in self.server.advisories if name in named}
        )

    def do_GET(self) -> None:
        versions: dict[str, Any] = {
            version: {"name": "typescript", "version": version, "dist": {}} for version in ("5.9.3", "5.9.4")
        }
        packument = {"name": "typescript", "dist-tags": {"latest": "5.9.4"}, "versions": versions}
        known = self.path == "/typescript"
        self._answer(200 if known else 404, packument if known else {})

    def _answer(self, status: int, document: object) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@pytest.fixture
def npm(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Registry]:
    with Registry(("127.0.0.1", 0), RegistryHandler) as registry:
        registry.advisories, registry.queries = {}, []
        thread = threading.Thread(target=registry.serve_forever)
        thread.start()
        monkeypatch.setenv("npm_config_registry", f"http://127.0.0.1:{registry.server_port}")
        monkeypatch.setenv("npm_config_cache", str(tmp_path / "npm"))
        yield registry
        registry.shutdown()
        thread.join()


class TestPyPI:
    def test_the_whole_lock_is_queried_after_one_package_was_answered(self, pypi: PyPI) -> None:
        pypi.answer_with({})
        answer = python_packages.audit(ROOT)
        locked = (ROOT / "uv.lock").read_text().count("\nsource = { registry")
        assert (answer.advisories, answer.not_checked) == ([], "")
        assert pypi.queries == [1, locked]

    def test_deployed_packages_are_distinguished_from_tools(self, pypi: PyPI) -> None:
        advisory = {"id": "PYSEC-1", "aliases": ["CVE-1"], "description": "Bad.", "fix_versions": ["99.1", "100.0"]}
        pypi.answer_with({"pydantic": {"vulns": [advisory]}, "moto": {"vulns": [advisory | {"fix_versions": []}]}})
        moto, pydantic = sorted(python_packages.audit(ROOT).advisories, key=lambda one: one.package)
        assert (pydantic.ships, moto.ships) == (True, False)
        assert pydantic.ids == ("PYSEC-1", "CVE-1")
        assert "pydantic 99.1 or 100.0" in pydantic.fix
        assert "no release" in moto.fix

    def test_a_mirror_without_advisories_is_not_reported_as_clean(self, pypi: PyPI) -> None:
        pypi.answer_with({"*": {"skip_reason": "Dependency not found on PyPI"}})  # as pip-audit reports a 404
        assert "not found on PyPI" in python_packages.audit(ROOT).not_checked
        assert pypi.queries == [1]

    def test_one_package_without_a_result_is_reported(self, pypi: PyPI) -> None:
        pypi.answer_with({"moto": {"skip_reason": "no moto here"}})
        assert python_packages.audit(ROOT).not_checked == "no moto here"
        pypi.answer_with({"moto": "absent"})
        assert "moto" in python_packages.audit(ROOT).not_checked

    def test_a_failed_client_is_not_reported_as_clean(self, pypi: PyPI) -> None:
        pypi.answer_with("broken")
        assert "no route" in python_packages.audit(ROOT).not_checked

    def test_a_client_that_never_ends_is_stopped(self, tmp_path: Path) -> None:
        with pytest.raises(NoAnswer, match="within 1 s"):
            ask.json_of([sys.executable, "-c", "import signal; signal.pause()"], tmp_path, 1)

    def test_every_package_of_the_lock_is_exported(self) -> None:
        text = (ROOT / "uv.lock").read_text()
        locked = set(re.findall(r'^name = "([^"]+)"\nversion = "[^"]+"\nsource = \{ registry', text, re.MULTILINE))
        assert {package["name"] for package in python_packages.exported(ROOT, python_packages.EVERYTHING)} == locked


class TestNpm:
    """npm itself, with a registry on this machine."""

    def test_an_advisory_is_reported_with_its_fix(self, npm: Registry) -> None:
        npm.advisories["typescript"] = [
            {
                "id": 1,
                "url": "https://github.com/advisories/GHSA-aaaa-bbbb-cccc",
                "title": "Runs what it compiles",
                "severity": "low",
                "vulnerable_versions": "<5.9.4",
                "cwe": [],
                "cvss": {"score": 0, "vectorString": None},
            }
        ]
        answer = node_packages.audit(ROOT)
        assert answer.not_checked == ""
        (found,) = answer.advisories
        assert (found.package, found.version, found.ids) == ("typescript", "5.9.3", ("GHSA-aaaa-bbbb-cccc",))
        assert "typescript 5.9.4" in found.fix
        assert npm.queries[0] == 1 < npm.queries[1]

    def test_a_mirror_that_refuses_queries_is_reported_as_not_checked(self, npm: Registry) -> None:
        npm.status = 405
        answer = node_packages.audit(ROOT)
        assert "405" in answer.not_checked
        assert npm.queries == [1]


class TestReport:
    @staticmethod
    def reported(capsys: pytest.CaptureFixture[str], answer: Answer, *exceptions: accepted.Accepted) -> tuple[int, str]:
        status = __main__.report([answer], exceptions, TODAY)
        return status, capsys.readouterr().out

    def test_a_clean_answer_exits_with_0(self, capsys: pytest.CaptureFixture[str]) -> None:
        status, output = self.reported(capsys, Answer("3 packages"))
        assert (status, output) == (0, "audit: 3 packages: no known vulnerability, 0 accepted\n")

    def test_a_vulnerability_fails_with_its_fix(self, capsys: pytest.CaptureFixture[str]) -> None:
        status, output = self.reported(capsys, Answer("3 packages", [ADVISORY]))
        assert status == 1
        assert "KNOWN VULNERABILITY: pydantic 2.14.3, deployed: PYSEC-1, CVE-1" in output
        assert "Fix: pydantic 2.14.4" in output

    def test_unchecked_packages_are_never_reported_as_clean(self, capsys: pytest.CaptureFixture[str]) -> None:
        status, output = self.reported(capsys, Answer("3 packages", not_checked="no route"))
        assert status == 2
        assert "NOT CHECKED: 3 packages" in output
        assert "no known vulnerability" not in output

    def test_a_vulnerability_outranks_a_missing_answer(self, capsys: pytest.CaptureFixture[str]) -> None:
        status, output = self.reported(capsys, Answer("3 packages", [ADVISORY], not_checked="no route"))
        assert status == 1
        assert "NOT CHECKED" in output

    @pytest.mark.parametrize(
        ("name", "until", "status", "message"),
        [
            ("CVE-1", date(2026, 11, 21), 0, "1 accepted"),  # by any of its ids
            ("CVE-1", date(2026, 11, 20), 1, "KNOWN VULNERABILITY"),
            ("CVE-2", date(2026, 12, 1), 1, "Remove the entry"),
        ],
    )
    def test_an_entry_holds_until_its_last_day_and_while_it_is_needed(
        self, capsys: pytest.CaptureFixture[str], name: str, until: date, status: int, message: str
    ) -> None:
        exception = accepted.Accepted(name, "no XML here", date(2026, 11, 1), until)
        found, output = self.reported(capsys, Answer("3 packages", [ADVISORY] if name == "CVE-1" else []), exception)
        assert found == status
        assert message in output


class TestAccepted:
    ENTRY = '[[accepted]]\nid = "CVE-1"\nreason = "no XML"\nsince = 2026-11-21\nuntil = 2027-02-21\n'

    def test_the_list_of_the_repository_can_be_read(self) -> None:
        accepted.read(__main__.ACCEPTED)

    def test_the_example_in_its_header_is_valid(self, tmp_path: Path) -> None:
        shown = re.sub(r"^# ?(?=\[|\w+ = )", "", __main__.ACCEPTED.read_text(), flags=re.MULTILINE)
        (tmp_path / "a.toml").write_text(shown)
        assert [one.id for one in accepted.read(tmp_path / "a.toml")] == ["GHSA-xxxx-xxxx-xxxx"]

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ('reason = "no XML"\n', ""),
            ('"no XML"', '" "'),
            ("since = 2026-11-21\n", ""),
            ("2027-02-21", "2028-02-21"),
            ("2027-02-21", "2026-11-20"),
            ("until", "til"),
        ],
    )
    def test_an_entry_without_a_reason_or_an_end_is_refused(self, tmp_path: Path, old: str, new: str) -> None:
        (tmp_path / "a.toml").write_text(self.ENTRY.replace(old, new))
        with pytest.raises(ValueError, match="CVE-1 needs"):
            accepted.read(tmp_path / "a.toml")


class TestCommand:
    """The command's exit status and output, with both registries replaced."""

    @staticmethod
    def run() -> tuple[int, str]:
        command = [sys.executable, "-P", "-m", "dependency_audit", "--root", str(ROOT)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.stderr == ""
        return done.returncode, done.stdout

    def test_the_command_succeeds_if_no_registry_has_an_advisory(self, pypi: PyPI, npm: Registry) -> None:
        pypi.answer_with({})
        status, output = self.run()
        assert status == 0
        assert output.count("no known vulnerability") == 2
        assert len(npm.queries) == 2

    def test_the_command_fails_if_a_registry_does_not_answer(self, pypi: PyPI, npm: Registry) -> None:
        npm.status = 405
        pypi.answer_with({})
        status, output = self.run()
        assert status == 2
        assert (output.count("no known vulnerability"), output.count("NOT CHECKED")) == (1, 1)
