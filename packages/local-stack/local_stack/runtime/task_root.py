"""The directory a function sees as its own: laid out like the artifact, made of links to the sources."""

from pathlib import Path

from local_stack.errors import UsageError


def default_links(repository: Path) -> dict[str, Path]:
    """Each package below functions/, and the migrations that the artifact carries along."""
    packages = sorted(path.parent for path in (repository / "functions").glob("*/__init__.py"))
    links = {package.name: package for package in packages}
    migrations = repository / "database" / "migrations"
    if migrations.is_dir():
        links["database/migrations"] = migrations
    return links


def make(task_root: Path, links: dict[str, Path]) -> Path:
    task_root.mkdir(parents=True)
    for name, source in links.items():
        if not source.exists():
            raise UsageError(f"cannot link {name} into the task root: {source} does not exist")
        target = task_root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(source.resolve())
    return task_root
