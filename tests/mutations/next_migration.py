"""The migration that is not there yet: its number is looked up, for it is another one after every new migration."""

from tests.mutations.checkout import ROOT

FOLDER = "database/migrations"


def next_migration(phrase: str, skipped: int = 0) -> str:
    """The file of the migration after the last one, or of one that comes later."""
    last = max(int(path.name.partition("_")[0]) for path in (ROOT / FOLDER).glob("*.sql"))
    return f"{FOLDER}/{last + 1 + skipped:04}_{phrase}.sql"
