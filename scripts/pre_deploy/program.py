"""Where the program that describes the stack says something."""

import re

from pre_deploy.graph import Rehearsed, Resource


def place_of(rehearsed: Rehearsed, function: Resource, words: str) -> tuple[str, int]:
    """The line that holds the words: in the function's own file, below its beginning, else in another file of the
    program; the function's own place where nothing holds them.
    """
    root = rehearsed.root
    own = root / function.file
    others = [root / "project.config.ts", root / "sst.config.ts", *sorted((root / "infra").glob("*.ts"))]
    pattern = re.compile(rf"(?<![\w$]){re.escape(words)}(?!\w)")
    for file in (own, *(other for other in others if other != own)):
        if not file.is_file():
            continue
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            if pattern.search(line) and (file != own or number >= function.line):
                return str(file.relative_to(root)), number
    return function.file, function.line
