"""The name of the next migration, whose number depends on the existing ones."""

from tests.mutations.checkout import ROOT

FOLDER = "database/migrations"


def next_migration(phrase: str, skipped: int = 0) -> str:
    """The file of the migration after the last one; ``skipped`` leaves a gap in the numbers."""
    last = max(int(path.name.partition("_")[0]) for path in (ROOT / FOLDER).glob("*.sql"))
    return f"{FOLDER}/{last + 1 + skipped:04}_{phrase}.sql"
