"""Additions of a team's first week, with SST's defaults: none of them is wrong, so the checks may only advise.

A queue with a worker, a bucket that notifies a function, a schedule, a table, a topic, a function with a URL that
streams and a published layer. ``tests/infra/data/graph-first-week.json.gz`` is its recorded rehearsal.
"""

from tests.mutations.checkout import ROOT
from tests.mutations.mutation import Append, Edit, mutation

SOURCES = ROOT / "tests/data/first_week"
LAST = '    await import("./infra/budget");\n'

FIRST_WEEK = mutation(
    "FINE",
    "first-week",
    "",
    "",
    Append("functions/pipeline/extras/__init__.py", ""),
    Append("functions/pipeline/extras/events.py", (SOURCES / "events.py").read_text(encoding="utf-8")),
    Append("infra/extras.ts", (SOURCES / "extras.ts").read_text(encoding="utf-8")),
    Edit("sst.config.ts", LAST, f'{LAST}    await import("./infra/extras");\n'),
)
