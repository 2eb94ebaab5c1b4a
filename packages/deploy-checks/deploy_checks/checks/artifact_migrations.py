"""The archive of the function that a deploy invokes contains the repository's migrations, and no others."""

import zipfile
from collections.abc import Iterable

from stack_graph.events import is_function
from stack_graph.graph import Artifact, Rehearsed, Resource

from deploy_checks.archive import contents
from deploy_checks.finding import Finding
from deploy_checks.product import manifest_of
from deploy_checks.subjects import product


def migrations_are_inside(rehearsed: Rehearsed) -> Iterable[Finding]:
    """Migrations that are not in the archive are never applied, and changed ones are refused."""
    migrations = manifest_of(rehearsed).file("migrations")
    folder = rehearsed.root / migrations
    expected = {file.name: file.read_bytes() for file in sorted(folder.glob("*.sql"))} if folder.is_dir() else {}
    if not expected:
        return
    invocations = rehearsed.graph.of_type("aws:lambda/invocation:Invocation")
    carriers: list[tuple[Resource, Artifact]] = []
    invoked: list[tuple[Resource, Artifact]] = []
    for function, artifact in rehearsed.packaged():
        if any(is_function(function, invocation.value("functionName")) for invocation in invocations):
            invoked.append((function, artifact))
        if any(name.startswith(f"{migrations}/") for name in contents(artifact.path).sizes):
            carriers.append((function, artifact))
    if not carriers:
        migrator = invoked[0][0] if invoked else None
        yield Finding(
            id="migrations-not-in-archive",
            severity="critical" if migrator is None else "high",
            file=migrator.file if migrator else "infra/migration.ts",
            line=migrator.line if migrator else 1,
            message=f"No archive contains {migrations}: no deploy creates the tables, and each query ends with "
            'relation "jobs" does not exist.',
            fix=f'Give the migrating function copyFiles: [{{ from: "{migrations}" }}].',
        )
    for function, artifact in carriers:
        yield from _compared(function, artifact, migrations, expected)
        if not any(function == other for other, _ in invoked):
            yield Finding(
                id="migrations-not-applied",
                severity="critical",
                file=function.file,
                line=function.line,
                message=f"{artifact.function} has the migrations, and no deploy invokes it: the code of a release "
                "runs on the tables of the previous one.",
                fix="Invoke it with new aws.lambda.Invocation(...), triggered by the contents of the migrations.",
            )


def _compared(function: Resource, artifact: Artifact, folder: str, expected: dict[str, bytes]) -> Iterable[Finding]:
    with zipfile.ZipFile(artifact.path) as archive:
        names = [name for name in contents(artifact.path).sizes if name.startswith(f"{folder}/")]
        shipped = {name.rpartition("/")[2]: archive.read(name) for name in names if name.endswith(".sql")}
    for name in sorted(expected.keys() | shipped.keys()):
        if expected.get(name) == shipped.get(name):
            continue
        if name not in shipped:
            difference = f"lacks {name}"
        elif name in expected:
            difference = f"has a different {name}"
        else:
            difference = f"has {name}, which is not in the repository"
        yield Finding(
            id="migration-differs",
            severity="critical" if name in expected else "medium",
            file=f"{folder}/{name}" if name in expected else function.file,
            line=1 if name in expected else function.line,
            message=f"{artifact.function}'s archive {difference}: the tables will differ from the repository's.",
            fix=f"Copy all of {folder} into the archive, and rebuild it.",
        )


ABOUT = product
CHECKS = (migrations_are_inside,)
