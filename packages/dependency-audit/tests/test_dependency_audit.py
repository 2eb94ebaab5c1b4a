"""What is said of packages with known faults, and of registries that do not answer."""

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

ROOT = Path(__file__).parents[2]
TODAY = date(2026, 11, 21)
FAULT = Advisory(("PYSEC-1", "CVE-1"), "pydantic", "2.14.3", True, "It parses too much.", "pydantic 2.14.4")
PIP_AUDIT = f"""#!{sys.executable}
import json, re, sys
from pathlib import Path
told = json.loads(Path(__file__).with_name("told.json").read_text())
text = Path(sys.argv[sys.argv.index("--requirement") + 1]).read_text()
names = re.findall(r"^([\\w.-]+)==(\\S+)", text, re.MULTILINE)
with Path(__file__).with_name("asked").open("a") as log:
    log.write(f"{{len(names)}}\\n")
if told == "broken":
    sys.exit("requests.exceptions.ConnectionError: no route")
say = {{"name": "", "vulns": []}} | told.get("*", {{}})
print(json.dumps({{"dependencies": [
    say | {{"name": n, "version": v}} | told.get(n, {{}}) for n, v in names if told.get(n) != "silent"
]}}))
"""
"""In the place of pip-audit, which asks https://pypi.org and nobody else. The form is that of pip-audit 2.10.1."""


class PyPI:
    """What pip-audit is to say, and how much it was asked."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        command = folder / "pip-audit"
        command.write_text(PIP_AUDIT)
        command.chmod(0o755)

    def says(self, told: Any) -> None:
        (self._folder / "told.json").write_text(json.dumps(told))

    @property
    def asked(self) -> list[int]:
        return [int(line) for line in (self._folder / "asked").read_text().split()]


@pytest.fixture
def pypi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PyPI:
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return PyPI(tmp_path)


class Registry(ThreadingHTTPServer):
    """npm's registry, with the faults that it knows."""

    faults: dict[str, list[dict[str, Any]]]
    asked: list[int]
    status = 200


class Answering(BaseHTTPRequestHandler):
    server: Registry

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        named = json.loads(gzip.decompress(body) if self.headers.get("content-encoding") == "gzip" else body)
        self.server.asked.append(len(named))
        self._answer(
            self.server.status, {name: self.server.faults[name] for name in self.server.faults if name in named}
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
        """Nothing."""


@pytest.fixture
def npm(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Registry]:
    with Registry(("127.0.0.1", 0), Answering) as registry:
        registry.faults, registry.asked = {}, []
        thread = threading.Thread(target=registry.serve_forever)
        thread.start()
        monkeypatch.setenv("npm_config_registry", f"http://127.0.0.1:{registry.server_port}")
        monkeypatch.setenv("npm_config_cache", str(tmp_path / "npm"))
        yield registry
        registry.shutdown()
        thread.join()


class TestPyPI:
    def test_every_package_of_the_lock_is_asked_about_once_one_was_answered(self, pypi: PyPI) -> None:
        pypi.says({})
        answer = python_packages.audit(ROOT)
        locked = (ROOT / "uv.lock").read_text().count("\nsource = { registry")
        assert (answer.advisories, answer.not_checked) == ([], "")
        assert pypi.asked == [1, locked]

    def test_what_ships_is_told_from_what_develops(self, pypi: PyPI) -> None:
        fault = {"id": "PYSEC-1", "aliases": ["CVE-1"], "description": "Bad.", "fix_versions": ["99.1", "100.0"]}
        pypi.says({"pydantic": {"vulns": [fault]}, "moto": {"vulns": [fault | {"fix_versions": []}]}})
        moto, pydantic = sorted(python_packages.audit(ROOT).advisories, key=lambda one: one.package)
        assert (pydantic.ships, moto.ships) == (True, False)
        assert pydantic.ids == ("PYSEC-1", "CVE-1")
        assert "pydantic 99.1 or 100.0" in pydantic.mend
        assert "no release" in moto.mend

    def test_a_mirror_that_knows_no_advisories_is_not_taken_for_clean(self, pypi: PyPI) -> None:
        pypi.says({"*": {"skip_reason": "Dependency not found on PyPI"}})  # what pip-audit makes of a 404
        assert "not found on PyPI" in python_packages.audit(ROOT).not_checked
        assert pypi.asked == [1]

    def test_one_package_that_nothing_was_said_of_is_told(self, pypi: PyPI) -> None:
        pypi.says({"moto": {"skip_reason": "no moto here"}})
        assert python_packages.audit(ROOT).not_checked == "no moto here"
        pypi.says({"moto": "silent"})
        assert "moto" in python_packages.audit(ROOT).not_checked

    def test_no_network(self, pypi: PyPI) -> None:
        pypi.says("broken")
        assert "no route" in python_packages.audit(ROOT).not_checked

    def test_a_client_that_never_ends(self, tmp_path: Path) -> None:
        with pytest.raises(NoAnswer, match="within 1 s"):
            ask.json_of([sys.executable, "-c", "import signal; signal.pause()"], tmp_path, 1)

    def test_an_export_that_this_does_not_understand_would_show(self) -> None:
        text = (ROOT / "uv.lock").read_text()
        wanted = set(re.findall(r'^name = "([^"]+)"\nversion = "[^"]+"\nsource = \{ registry', text, re.MULTILINE))
        assert {package["name"] for package in python_packages.exported(ROOT, python_packages.EVERYTHING)} == wanted


class TestNpm:
    """npm itself, asking a registry on this machine."""

    def test_a_fault_and_its_mend(self, npm: Registry) -> None:
        npm.faults["typescript"] = [
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
        assert "typescript 5.9.4" in found.mend
        assert npm.asked[0] == 1 < npm.asked[1]

    def test_a_mirror_that_takes_no_questions(self, npm: Registry) -> None:
        npm.status = 405
        answer = node_packages.audit(ROOT)
        assert "405" in answer.not_checked
        assert npm.asked == [1]


class TestReport:
    @staticmethod
    def said(capsys: pytest.CaptureFixture[str], answer: Answer, *exceptions: accepted.Accepted) -> tuple[int, str]:
        status = __main__.report([answer], exceptions, TODAY)
        return status, capsys.readouterr().out

    def test_clean(self, capsys: pytest.CaptureFixture[str]) -> None:
        status, said = self.said(capsys, Answer("3 packages"))
        assert (status, said) == (0, "audit: 3 packages: no known fault, 0 accepted\n")

    def test_a_known_fault_fails_with_its_mend(self, capsys: pytest.CaptureFixture[str]) -> None:
        status, said = self.said(capsys, Answer("3 packages", [FAULT]))
        assert status == 1
        assert "KNOWN FAULT: pydantic 2.14.3, which ships: PYSEC-1, CVE-1" in said
        assert "Fix: pydantic 2.14.4" in said

    def test_what_was_not_checked_is_never_called_clean(self, capsys: pytest.CaptureFixture[str]) -> None:
        status, said = self.said(capsys, Answer("3 packages", not_checked="no route"))
        assert status == 2
        assert "NOT CHECKED: 3 packages" in said
        assert "no known fault" not in said

    def test_a_fault_weighs_more_than_silence(self, capsys: pytest.CaptureFixture[str]) -> None:
        status, said = self.said(capsys, Answer("3 packages", [FAULT], not_checked="no route"))
        assert status == 1
        assert "NOT CHECKED" in said

    @pytest.mark.parametrize(
        ("name", "until", "status", "says"),
        [
            ("CVE-1", date(2026, 11, 21), 0, "1 accepted"),  # by any of its names
            ("CVE-1", date(2026, 11, 20), 1, "KNOWN FAULT"),
            ("CVE-2", date(2026, 12, 1), 1, "take it out"),
        ],
    )
    def test_accepted_until_a_day_and_no_longer_than_needed(
        self, capsys: pytest.CaptureFixture[str], name: str, until: date, status: int, says: str
    ) -> None:
        exception = accepted.Accepted(name, "no XML here", date(2026, 11, 1), until)
        found, said = self.said(capsys, Answer("3 packages", [FAULT] if name == "CVE-1" else []), exception)
        assert found == status
        assert says in said


class TestAccepted:
    ENTRY = '[[accepted]]\nid = "CVE-1"\nreason = "no XML"\nsince = 2026-11-21\nuntil = 2027-02-21\n'

    def test_the_list_of_the_repository_can_be_read(self) -> None:
        accepted.read(__main__.ACCEPTED)

    def test_the_form_that_its_head_shows_is_taken(self, tmp_path: Path) -> None:
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
    def test_no_entry_without_reason_and_end(self, tmp_path: Path, old: str, new: str) -> None:
        (tmp_path / "a.toml").write_text(self.ENTRY.replace(old, new))
        with pytest.raises(ValueError, match="CVE-1 needs"):
            accepted.read(tmp_path / "a.toml")


class TestCommand:
    """The whole of it: exit status and words, with both registries in their places."""

    @staticmethod
    def run() -> tuple[int, str]:
        command = [sys.executable, "-P", "-m", "dependency_audit", "--root", str(ROOT)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.stderr == ""
        return done.returncode, done.stdout

    def test_both_know_of_nothing(self, pypi: PyPI, npm: Registry) -> None:
        pypi.says({})
        status, said = self.run()
        assert status == 0
        assert said.count("no known fault") == 2
        assert len(npm.asked) == 2

    def test_one_does_not_answer(self, pypi: PyPI, npm: Registry) -> None:
        npm.status = 405
        pypi.says({})
        status, said = self.run()
        assert status == 2
        assert (said.count("no known fault"), said.count("NOT CHECKED")) == (1, 1)
