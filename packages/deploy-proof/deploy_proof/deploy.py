"""The command behind ``scripts/deploy.sh``: check, deploy, and prove that the live system works."""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from stack_graph.stages import is_stage, stage_names

from deploy_proof.live import prove

ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
FAILED = re.compile(r"^\s*✕|^\s*(?:Failed|Interrupted)\s*$|failed to register new resource", re.MULTILINE)
COMPLETE = re.compile(r"^\s*✓?\s*Complete\b", re.MULTILINE)
UNCHANGED = re.compile(r"^\s*✓?\s*No changes\b", re.MULTILINE)


def failure_of(output: str, status: int) -> str | None:
    """The reason why the deploy failed; ``None`` if it succeeded.

    The output is checked too, because SST 4.17.1 exits with 0 if its engine was killed.
    """
    text = ANSI.sub("", output).replace("\r", "\n")
    if found := FAILED.search(text):
        return f"sst deploy reports: {text[found.start() :].strip().splitlines()[0]}"
    if status != 0:
        return f"sst deploy ended with exit status {status}"
    if not COMPLETE.search(text) and not UNCHANGED.search(text):
        return "sst deploy ended with exit status 0, but did not report Complete"
    return None


def environment() -> dict[str, str]:
    """The environment for SST: this checkout's Node first on the path, and no active Python environment."""
    variables = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "UV_FROZEN")}
    variables["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), variables.get("PATH", "")])
    # SST's `uv run` compiles bytecode, and would otherwise install into the environment that this runs in.
    return {**variables, "UV_NO_SYNC": "1", "SST_TELEMETRY_DISABLED": "1"}


def run_sst(root: Path, stage: str) -> tuple[str, int]:
    """Run ``npx sst deploy``, copy its output to stderr, and return the output and the exit status.

    Only SST handles Ctrl-C: it finishes the resources in progress and releases its lock.
    """
    command = ["npx", "--no-install", "sst", "deploy", "--stage", stage]
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        with subprocess.Popen(  # noqa: S603
            command, cwd=root, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as running:
            output: list[str] = []
            for line in running.stdout or ():
                sys.stderr.write(line)
                output.append(line)
    finally:
        signal.signal(signal.SIGINT, before)
    return "".join(output), running.returncode


def signed_in() -> bool:
    """Whether the machine has AWS credentials. Pre-deploy checks their account and validity."""
    try:
        return boto3.Session().get_credentials() is not None
    except BotoCoreError as exc:  # such as a profile that does not exist
        log(f"{type(exc).__name__}: {exc}")
        return False


def may_deploy(root: Path, stage: str) -> bool:
    """Whether pre-deploy found nothing worse than ``low``: cosmetic findings do not stop an urgent deploy."""
    command = [str(root / "scripts/pre-deploy.sh"), "--stage", stage, "--json"]
    checked = subprocess.run(command, cwd=root, stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603
    if checked.returncode == 0:
        return True
    try:
        severities = [finding["severity"] for finding in json.loads(checked.stdout)["findings"]]
    except (ValueError, KeyError, TypeError):
        severities = []
    log(f"Pre-deploy ended with exit status {checked.returncode}.")
    return checked.returncode == 1 and bool(severities) and set(severities) == {"low"}


def deploy(root: Path, stage: str, proof: Callable[[Path, str], list[str]] = prove) -> int:
    """Check, deploy and prove. Returns the exit status: 0 if the live system works, 2 if nothing was deployed."""
    if not signed_in():
        log("No AWS credentials: set AWS_PROFILE, or the AWS_ACCESS_KEY_ID variables. Nothing was deployed.")
        return 2
    if not may_deploy(root, stage):
        log("Nothing was deployed.")
        return 2
    outputs = root / ".sst" / "outputs.json"
    outputs.unlink(missing_ok=True)  # from an earlier deploy, possibly of another stage
    output, status = run_sst(root, stage)
    if failure := failure_of(output, status):
        log(f"The deploy FAILED. {failure}")
        log(f"See .sst/log. If it was interrupted: npx sst unlock --stage {stage}, then deploy again.")
        return 1
    log("Deployed.")
    return report(root, stage, proof)


def report(root: Path, stage: str, proof: Callable[[Path, str], list[str]]) -> int:
    """Prove that the live system works, and report the problems. Returns the exit status."""
    log("Checking that it works: health, queue, and one real job.")
    try:
        problems = proof(root, stage)
    except (OSError, ValueError, KeyError, ClientError, BotoCoreError) as exc:
        problems = [f"The proof could not be completed: {type(exc).__name__}: {exc}"]
    for problem in problems:
        log(f"NOT WORKING: {problem}")
    log("The live system does NOT work: see above." if problems else f"{stage} is live, and a real job succeeded.")
    return 1 if problems else 0


def log(message: str) -> None:
    """Print progress to stderr."""
    print(message, file=sys.stderr, flush=True)  # noqa: T201 - a command


def main(argv: list[str] | None = None) -> int:
    """Run the command and return its exit status."""
    root = Path(__file__).resolve().parents[3]
    parser = argparse.ArgumentParser(prog="deploy.sh", description=__doc__)
    parser.add_argument("stage", metavar="STAGE", help=f"one of {', '.join(stage_names(root))}, or dev-NAME")
    parser.add_argument("--prove", action="store_true", help="deploy nothing: only prove that the live system works")
    given = parser.parse_args(argv)
    if not is_stage(root, given.stage):
        log(f'Unknown stage "{given.stage}". Use one of {", ".join(stage_names(root))}, or dev-NAME.')
        return 2
    if given.prove:
        return report(root, given.stage, prove)
    return deploy(root, given.stage)


if __name__ == "__main__":
    sys.exit(main())
