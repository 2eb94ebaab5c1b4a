"""The function that is called on deploy brings the repository's migrations, all of them and no others."""

import zipfile
from collections.abc import Iterable

from stack_graph.events import is_function
from stack_graph.graph import Artifact, Rehearsed, Resource

from deploy_checks.archive import contents
from deploy_checks.finding import Finding

FOLDER = "database/migrations"


def migrations_are_inside(rehearsed: Rehearsed) -> Iterable[Finding]:
    """Byte for byte: what is not in the archive is never applied, and what has changed is refused."""
    folder = rehearsed.root / FOLDER
    wanted = {file.name: file.read_bytes() for file in sorted(folder.glob("*.sql"))} if folder.is_dir() else {}
    if not wanted:
        return
    invocations = rehearsed.graph.of_type("aws:lambda/invocation:Invocation")
    carriers: list[tuple[Resource, Artifact]] = []
    invoked: list[tuple[Resource, Artifact]] = []
    for function, artifact in rehearsed.packaged():
        if any(is_function(function, invocation.value("functionName")) for invocation in invocations):
            invoked.append((function, artifact))
        if any(name.startswith(f"{FOLDER}/") for name in contents(artifact.path).sizes):
            carriers.append((function, artifact))
    if not carriers:
        migrator = invoked[0][0] if invoked else None
        yield Finding(
            id="migrations-not-in-archive",
            severity="critical" if migrator is None else "high",
            file=migrator.file if migrator else "infra/migration.ts",
            line=migrator.line if migrator else 1,
            message=f"No archive holds {FOLDER}: no deploy creates the tables, and each query ends with "
            'relation "jobs" does not exist.',
            fix=f'Give the migrating function copyFiles: [{{ from: "{FOLDER}" }}].',
        )
    for function, artifact in carriers:
        yield from _compared(function, artifact, wanted)
        if not any(function == other for other, _ in invoked):
            yield Finding(
                id="migrations-not-applied",
                severity="critical",
                file=function.file,
                line=function.line,
                message=f"{artifact.function} holds the migrations, and nothing calls it on deploy: the code of a "
                "release meets the tables of the one before.",
                fix="Call it with new aws.lambda.Invocation(...), triggered by the migrations' contents.",
            )


def _compared(function: Resource, artifact: Artifact, wanted: dict[str, bytes]) -> Iterable[Finding]:
    with zipfile.ZipFile(artifact.path) as archive:
        names = [name for name in contents(artifact.path).sizes if name.startswith(f"{FOLDER}/")]
        shipped = {name.rpartition("/")[2]: archive.read(name) for name in names if name.endswith(".sql")}
    for name in sorted(wanted.keys() | shipped.keys()):
        if wanted.get(name) == shipped.get(name):
            continue
        what = (
            "lacks" if name not in shipped else "has another" if name in wanted else "has, and the repository has not,"
        )
        yield Finding(
            id="migration-differs",
            severity="critical" if name in wanted else "medium",
            file=f"{FOLDER}/{name}" if name in wanted else function.file,
            line=1 if name in wanted else function.line,
            message=f"{artifact.function}'s archive {what} {name}: the tables will not be those of the repository.",
            fix=f"Copy all of {FOLDER} into the archive, and build it again.",
        )


CHECKS = (migrations_are_inside,)
