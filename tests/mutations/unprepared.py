"""Trees in which the command itself cannot be prepared: it still reports the cause as JSON."""

from tests.mutations.mutation import Edit, Remove, mutation

MUTATIONS = (
    mutation("TREE", "no-lock", "lock-stale", "uv.lock", Remove("uv.lock")),
    mutation("TREE", "no-root-project", "project-file-broken", "pyproject.toml", Remove("pyproject.toml")),
    mutation("TREE", "no-package-lock", "package-file-broken", "package-lock.json", Remove("package-lock.json")),
    mutation("TREE", "broken-package-file", "package-file-broken", "package.json", Edit("package.json", "{", "")),
    mutation("TREE", "no-program", "config-missing", "sst.config.ts", Remove("sst.config.ts")),
    mutation("TREE", "unknown-stage", "stage-unknown", "project.config.ts", stage="nope"),
)
