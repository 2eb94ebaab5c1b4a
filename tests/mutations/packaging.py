"""How SST builds the Python project: PKG-01 to PKG-06, PKG-08, PKG-20 to PKG-25 of the failure catalogue."""

from pathlib import Path

from tests.mutations.locking import lock
from tests.mutations.mutation import Append, Edit, mutation

PYPROJECT, FUNCTIONS, LOCK = "pyproject.toml", "functions/pyproject.toml", "uv.lock"
API = "functions/pipeline/jobs/handlers/api.py"
HANDLER = '"pipeline/jobs/handlers/api.handler"'
MEMBERS = 'members = ["functions", "packages/*"]'
LIBRARY = """\
[project]
name = "core"
version = "1.0"
requires-python = "==3.12.*"

[build-system]
requires = ["hatchling==1.33.0"]
build-backend = "hatchling.build"
"""


def library(root: Path) -> None:
    """A member of the workspace beside functions/, which the API's handler imports."""
    Append("core/pyproject.toml", LIBRARY)(root)
    Append("core/core/__init__.py", "ANSWER = 42\n")(root)
    Edit(PYPROJECT, MEMBERS, 'members = ["core", "functions", "packages/*"]')(root)
    Edit(
        API, "from pipeline.jobs import bootstrap\n", "from pipeline.jobs import bootstrap\nfrom core import ANSWER\n"
    )(root)


MUTATIONS = (
    mutation(
        "PKG-01",
        "handler-named-with-its-folder",
        "handler-keeps-prefix",
        "infra/jobs/api.ts",
        Edit("infra/jobs/api.ts", HANDLER, '"functions/pipeline/jobs/handlers/api.handler"'),
    ),
    mutation(
        "PKG-02",
        "handler-with-dots",
        "handler-not-found",
        "infra/jobs/api.ts",
        Edit("infra/jobs/api.ts", HANDLER, '"pipeline.jobs.handlers.api.handler"'),
    ),
    mutation(
        "PKG-04",
        "package-beside-the-handlers-own",
        "handler-import-failed",
        API,
        Append("functions/shared/__init__.py", "ANSWER = 42\n"),
        Edit(
            API,
            "from pipeline.jobs import bootstrap\n",
            "from pipeline.jobs import bootstrap\nfrom shared import ANSWER\n",
        ),
    ),
    mutation("PKG-05", "workspace-library-not-a-dependency", "handler-import-failed", API, library, lock),
    mutation(
        "PKG-05",
        "workspace-library-without-source",
        "workspace-source-missing",
        FUNCTIONS,
        library,
        Edit(FUNCTIONS, '    "pg8000', '    "core",\n    "pg8000'),
    ),
    mutation(
        "PKG-06",
        "functions-not-a-member",
        "workspace-member-missing",
        PYPROJECT,
        Edit(PYPROJECT, MEMBERS, 'members = ["packages/*"]'),
    ),
    mutation(
        "PKG-08",
        "no-build-system",
        "development-tools-in-archive",
        FUNCTIONS,
        Edit(FUNCTIONS, '[build-system]\nrequires = ["hatchling==1.33.0"]\nbuild-backend = "hatchling.build"\n', ""),
        Edit(FUNCTIONS, "[tool.hatch.version]", "[tool.nothing.version]"),
        Edit(FUNCTIONS, "[tool.hatch.build.targets.wheel]", "[tool.nothing.build.targets.wheel]"),
        Edit(FUNCTIONS, 'dynamic = ["version"]', 'version = "0.1.0"'),
        Append(FUNCTIONS, '\n[dependency-groups]\ndev = ["iniconfig"]\n'),
        lock,
    ),
    mutation(
        "PKG-20",
        "runtime-left-out",
        "runtime-missing",
        "infra/function.ts",
        Edit("infra/function.ts", "  runtime,\n", ""),
    ),
    mutation(
        "PKG-20",
        "runtime-in-capitals",
        "runtime-unknown",
        "project.config.ts",
        Edit("project.config.ts", '"python3.12"', '"Python3.12"'),
    ),
    mutation(
        "PKG-21",
        "container",
        "function-in-container",
        "infra/jobs/api.ts",
        Edit("infra/jobs/api.ts", "  ...common,\n", "  ...common,\n  python: { container: true },\n"),
    ),
    mutation(
        "PKG-22",
        "dependency-added-and-not-locked",
        "lock-stale",
        LOCK,
        Edit(FUNCTIONS, '    "pg8000', '    "iniconfig==2.3.0",\n    "pg8000'),
    ),
    mutation(
        "PKG-23",
        "merge-marker-in-the-lock",
        "project-file-broken",
        LOCK,
        Edit(LOCK, "version", "<<<<<<< HEAD\nversion"),
    ),
    mutation(
        "PKG-24",
        "patch-version-that-is-not-here",
        "python-pin-patch",
        ".python-version",
        Edit(".python-version", "3.12", "3.12.99"),
    ),
)
