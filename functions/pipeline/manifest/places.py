"""Files of the product that tools read or point at."""

from pathlib import Path

PACKAGE = Path(__file__).parents[1]
ROOT = PACKAGE.parents[1]

FILES = {
    "catalogue": PACKAGE / "models" / "catalogue.json",
    "inference": PACKAGE / "jobs" / "domain" / "job_config.py",
    "aws_clients": PACKAGE / "platform" / "aws.py",
    "certificate_authorities": PACKAGE / "platform" / "rds_ca",
    "migrations": ROOT / "database" / "migrations",
    "schema": ROOT / "database" / "schema.sql",
}


def path_of(file: Path | str) -> str:
    """The path relative to the repository."""
    return Path(file).relative_to(ROOT).as_posix()


def handler_of(file: Path) -> str:
    """The handler string of a file: relative to the folder that the archives are built from."""
    return f"{file.relative_to(PACKAGE.parent).with_suffix('').as_posix()}.handler"
