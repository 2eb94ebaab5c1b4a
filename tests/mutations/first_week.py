"""Additions of a team's first week, with SST's defaults: none of them is wrong, so the checks may only advise.

A queue with a worker, a bucket that notifies a function, a schedule, a table, a topic, a function with a URL that
streams and a published layer. ``tests/infra/data/graph-first-week.json.gz`` is its recorded rehearsal.
"""

from tests.mutations.additions import EVENTS, PACKAGE, added
from tests.mutations.checkout import ROOT
from tests.mutations.mutation import Append

SOURCES = ROOT / "tests/data/first_week"

FIRST_WEEK = added(
    "first-week",
    (SOURCES / "extras.ts").read_text(encoding="utf-8"),
    PACKAGE,
    Append(EVENTS, (SOURCES / "events.py").read_text(encoding="utf-8")),
)
