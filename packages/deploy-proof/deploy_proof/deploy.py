"""The command behind ``scripts/deploy.sh``: check, deploy, and prove that what is live works."""

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


def fault_of(output: str, status: int) -> str | None:
    """Why the deploy did not succeed. SST 4.17.1 exits with 0 when its engine was killed, so its word counts."""
    text = ANSI.sub("", output).replace("\r", "\n")
    if found := FAILED.search(text):
        return f"sst deploy says: {text[found.start() :].strip().splitlines()[0]}"
    if status != 0:
        return f"sst deploy ended with exit status {status}"
    if not COMPLETE.search(text) and not UNCHANGED.search(text):
        return "sst deploy ended with exit status 0, but never said Complete"
    return None


def environment() -> dict[str, str]:
    """What SST is given: this checkout's Node first, and no active Python environment."""
    ours = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "UV_FROZEN")}
    ours["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), ours.get("PATH", "")])
    # SST's `uv run` compiles bytecode, and would otherwise install into the environment that this runs in.
    return {**ours, "UV_NO_SYNC": "1", "SST_TELEMETRY_DISABLED": "1"}


def run_sst(root: Path, stage: str) -> tuple[str, int]:
    """``npx sst deploy``: what it said, which is shown as well, and its exit status.

    Ctrl-C is for SST alone, which then finishes what it has begun and gives its lock back.
    """
    command = ["npx", "--no-install", "sst", "deploy", "--stage", stage]
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        with subprocess.Popen(  # noqa: S603
            command, cwd=root, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as running:
            said: list[str] = []
            for line in running.stdout or ():
                sys.stderr.write(line)
                said.append(line)
    finally:
        signal.signal(signal.SIGINT, before)
    return "".join(said), running.returncode


def signed_in() -> bool:
    """Whether there are credentials at all: whose they are and whether they hold, pre-deploy asks AWS."""
    try:
        return boto3.Session().get_credentials() is not None
    except BotoCoreError as fault:  # such as a profile that does not exist
        say(f"{type(fault).__name__}: {fault}")
        return False


def may_deploy(root: Path, stage: str) -> bool:
    """Whether pre-deploy found nothing worse than ``low``: an emergency must not wait for something cosmetic."""
    command = [str(root / "scripts/pre-deploy.sh"), "--stage", stage, "--json"]
    checked = subprocess.run(command, cwd=root, stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603
    if checked.returncode == 0:
        return True
    try:
        severities = [finding["severity"] for finding in json.loads(checked.stdout)["findings"]]
    except (ValueError, KeyError, TypeError):
        severities = []
    say(f"Pre-deploy ended with exit status {checked.returncode}.")
    return checked.returncode == 1 and bool(severities) and set(severities) == {"low"}


def deploy(root: Path, stage: str, proof: Callable[[Path, str], list[str]] = prove) -> int:
    """The exit status: 0 only when what is live was seen to work; 2 when nothing was deployed."""
    if not signed_in():
        say("No AWS credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and its kin. Nothing was deployed.")
        return 2
    if not may_deploy(root, stage):
        say("Nothing was deployed.")
        return 2
    outputs = root / ".sst" / "outputs.json"
    outputs.unlink(missing_ok=True)  # of an earlier deploy, perhaps of another stage
    said, status = run_sst(root, stage)
    if fault := fault_of(said, status):
        say(f"The deploy FAILED. {fault}")
        say(f"Look into .sst/log. If it was interrupted: npx sst unlock --stage {stage}, then deploy again.")
        return 1
    say("Deployed.")
    return tell(root, stage, proof)


def tell(root: Path, stage: str, proof: Callable[[Path, str], list[str]]) -> int:
    """Prove that what is live works, and say what does not."""
    say("Proving that it works: health, queue, and one real job.")
    try:
        faults = proof(root, stage)
    except (OSError, ValueError, KeyError, ClientError, BotoCoreError) as fault:
        faults = [f"The proof could not be had: {type(fault).__name__}: {fault}"]
    for told in faults:
        say(f"NOT WORKING: {told}")
    say("What is live does NOT work: see above." if faults else f"{stage} is live, and a real job succeeded.")
    return 1 if faults else 0


def say(message: str) -> None:
    """Progress, for people."""
    print(message, file=sys.stderr, flush=True)  # noqa: T201 - a command


def main(argv: list[str] | None = None) -> int:
    """The exit status of the command."""
    root = Path(__file__).resolve().parents[3]
    parser = argparse.ArgumentParser(prog="deploy.sh", description=__doc__)
    parser.add_argument("stage", metavar="STAGE", help=f"one of {', '.join(stage_names(root))}, or dev-NAME")
    parser.add_argument("--prove", action="store_true", help="deploy nothing: prove that what is live works")
    given = parser.parse_args(argv)
    if not is_stage(root, given.stage):
        say(f'There is no stage "{given.stage}". Take one of {", ".join(stage_names(root))}, or dev-NAME.')
        return 2
    if given.prove:
        return tell(root, given.stage, prove)
    return deploy(root, given.stage)


if __name__ == "__main__":
    sys.exit(main())
