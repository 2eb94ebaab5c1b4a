"""The commands: that each can be started, and that bash can read it."""

import os
import subprocess
from collections.abc import Iterator

from stack_graph.graph import Rehearsed

from deploy_checks.finding import Finding

COMMANDS = ("scripts/*.sh", ".ci/run")


def commands(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Deploys, the README and CI start them by name."""
    for path in sorted(path for pattern in COMMANDS for path in rehearsed.root.glob(pattern)):
        file = str(path.relative_to(rehearsed.root))
        if not os.access(path, os.X_OK):
            message = f"{file} is not executable: ./{file} stops with `Permission denied`"
            yield Finding("script-not-executable", "high", file, 1, message, f"git update-index --chmod=+x {file}")
        if b"\r" in path.read_bytes():
            message = f"{file} has Windows' line ends: bash stops at the first"
            yield Finding("script-broken", "high", file, 1, message, f"sed -i 's/\\r$//' {file}")
            continue
        command = ["bash", "-n", str(path)]
        read = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        if read.returncode:
            said = read.stderr.strip().replace(f"{rehearsed.root}/", "")
            line = int(found) if (found := said.partition(" line ")[2].partition(":")[0]).isdigit() else 1
            yield Finding("script-broken", "high", file, line, f"bash cannot read {file}: {said}", "Mend its syntax")


CHECKS = (commands,)
