"""The command ``./scripts/chaos.sh``."""

import asyncio
import json
import sys
import traceback

from chaos_harness import output, run
from chaos_harness.history import History
from chaos_harness.options import Options, parse
from chaos_harness.pace import Pace
from chaos_harness.plan import Plan
from chaos_harness.report import report
from chaos_harness.stack import StackFailed

THROTTLED_FOR_S = 300.0
"""Duration of ``--throttled``, in the product's time."""

ENDS_WITHIN_S = 180.0
"""Longest wait for the end of all jobs, after the last fault."""

MUTANT_ENDS_WITHIN_S = 40.0
"""The same for a mutant. A product without a defect needs less, so jobs that are still open are lost."""


def main(argv: list[str] | None = None) -> int:
    """Run the command and return its exit status."""
    options = parse(argv)
    try:
        history = _history(options)
    except KeyboardInterrupt:
        output.progress("interrupted")
        return 2
    except (StackFailed, TimeoutError, OSError) as exc:
        output.progress(f"could not run: {exc}")
        return 2
    except Exception:  # noqa: BLE001 - a defect of the harness is not a verdict on the product
        output.progress(f"could not run:\n{traceback.format_exc()}")
        return 2
    if options.history:
        options.history.write_text(history.model_dump_json())
    verdict = report(history)
    output.result(json.dumps(verdict.as_json(), indent=2) if options.as_json else verdict.as_text())
    return 0 if verdict.good else 1


def _history(options: Options) -> History:
    if options.judge:
        return History.model_validate_json(options.judge.read_bytes())
    settings = run.Settings(
        plan=Plan(options.seed, options.jobs, options.faults, options.rates),
        root=options.root,
        product=options.product,
        mutant=options.mutant,
        spread_over=Pace().of(THROTTLED_FOR_S) if options.throttled else 0.0,
        ends_within=MUTANT_ENDS_WITHIN_S if options.mutant else ENDS_WITHIN_S,
        log=options.log,
    )
    return asyncio.run(run.observe(settings))


if __name__ == "__main__":
    sys.exit(main())
