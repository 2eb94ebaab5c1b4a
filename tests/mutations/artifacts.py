"""Contents of a function's archive: PKG-09 to PKG-19 of the failure catalogue."""

from pathlib import Path

from tests.mutations.locking import lock
from tests.mutations.mutation import Append, Edit, Mutation, mutation

FUNCTIONS = "functions/pyproject.toml"
API = "functions/pipeline/jobs/handlers/api.py"
LAMBDA = "const setTracing: FunctionTransform = (args) => {\n"


def dependency(name: str) -> Edit:
    """One more package for the functions."""
    return Edit(FUNCTIONS, '    "pg8000', f'    "{name}",\n    "pg8000')


def imported(module: str) -> Edit:
    """One more import in the API's handler."""
    return Edit(
        API, "from pipeline.jobs import bootstrap\n", f"import {module}\n\nfrom pipeline.jobs import bootstrap\n"
    )


def large_file(root: Path) -> None:
    """270 MB that do not compress."""
    with (root / "functions/pipeline/table.bin").open("wb") as file, Path("/dev/urandom").open("rb") as noise:
        for _ in range(270):
            file.write(noise.read(1 << 20))


def medium_file(root: Path) -> None:
    """3 MB that do not compress."""
    with Path("/dev/urandom").open("rb") as noise:
        (root / "functions/pipeline/table.bin").write_bytes(noise.read(3 << 20))


def tools_on_3_11(root: Path) -> None:
    """The tools allow Python 3.11, without the development dependency that does not."""
    for project in (root / "pyproject.toml", *root.glob("packages/*/pyproject.toml")):
        Edit(str(project.relative_to(root)), '"==3.12.*"', '">=3.11"')(root)
    project = root / "pyproject.toml"
    lines = project.read_text(encoding="utf-8").splitlines(keepends=True)
    project.write_text("".join(line for line in lines if '"ctok==' not in line), encoding="utf-8")


MUTATIONS = (
    mutation("PKG-09", "built-for-another-python", "uv-python-differs", ".env", Edit(".env", "3.12", "3.11")),
    Mutation(
        "PKG-09",
        "archive-for-another-python",
        "binary-not-for-function",
        FUNCTIONS,
        (
            Edit(".env", "3.12", "3.11"),
            tools_on_3_11,
            Edit(FUNCTIONS, '"==3.12.*"', '">=3.11"'),
            lock,
        ),
    ),
    mutation(
        "PKG-11",
        "architecture-changed-behind-the-builder",
        "binary-not-for-function",
        "infra/function.ts",
        Edit("infra/function.ts", LAMBDA, f'{LAMBDA}    args.architectures = ["arm64"];\n'),
    ),
    mutation(
        "PKG-12",
        "compiled-here",
        "wheel-not-for-lambda",
        FUNCTIONS,
        dependency("markupsafe==3.0.3"),
        Append("pyproject.toml", '\n[tool.uv.pip]\nno-binary = ["markupsafe"]\n'),
        lock,
    ),
    mutation(
        "PKG-16",
        "dependency-dropped",
        "handler-import-failed",
        FUNCTIONS,
        Edit(FUNCTIONS, '    "pg8000==1.31.6",\n', ""),
        lock,
    ),
    mutation("PKG-17", "over-lambdas-limit", "archive-over-lambda-limit", FUNCTIONS, large_file),
    mutation("PKG-17", "boto3-in-the-archive", "sdk-in-archive", FUNCTIONS, dependency("boto3==1.44.5"), lock),
)
