"""The command ``pre-deploy`` where there is no Python 3.12, and uv gets none: says so. Any Python 3 reads this file."""

import argparse
import json
import sys

MESSAGE = (
    "The functions run on Python 3.12, which is not on this machine, and uv could not install it: nothing can be built "
    "or deployed from here, and nothing else could be checked"
)
FIX = "Install Python 3.12, or let this machine reach where `uv python install 3.12` takes it from"


def main() -> int:
    """The exit status: 1, as for every finding."""
    parser = argparse.ArgumentParser(prog="pre-deploy", add_help=False)
    parser.add_argument("--stage", default="")
    parser.add_argument("--json", action="store_true")
    given, _ = parser.parse_known_args()
    finding = {"id": "python-missing", "severity": "high", "file": ".python-version", "line": 1}
    finding.update(message=MESSAGE, fix=FIX)
    sys.stderr.write(f"{MESSAGE}\nFix: {FIX}\n")
    if given.json:
        told = {"ok": False, "stage": given.stage, "checks": 0, "seconds": 0.0, "findings": [finding]}
        sys.stdout.write(json.dumps(told, indent=2) + "\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
