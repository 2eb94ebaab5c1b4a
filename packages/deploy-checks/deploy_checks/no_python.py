"""The command ``pre-deploy`` when Python 3.12 is missing and uv cannot install it: reports that.

Any Python 3 can run this file.
"""

import argparse
import json
import sys

MESSAGE = (
    "The functions run on Python 3.12, which is not on this machine, and uv could not install it: nothing can be built "
    "or deployed from here, and nothing else was checked"
)
FIX = "Install Python 3.12, or give this machine access to the server that `uv python install 3.12` downloads from"


def main() -> int:
    """Run the command and return its exit status: 1, as with every finding."""
    parser = argparse.ArgumentParser(prog="pre-deploy", add_help=False)
    parser.add_argument("--stage", default="")
    parser.add_argument("--json", action="store_true")
    options, _ = parser.parse_known_args()
    finding = {"id": "python-missing", "severity": "high", "file": ".python-version", "line": 1}
    finding.update(message=MESSAGE, fix=FIX)
    sys.stderr.write(f"{MESSAGE}\nFix: {FIX}\n")
    if options.json:
        report = {"ok": False, "stage": options.stage, "checks": 0, "seconds": 0.0, "findings": [finding]}
        sys.stdout.write(json.dumps(report, indent=2) + "\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
