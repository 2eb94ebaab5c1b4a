"""The command ``chaos``."""

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
"""Five minutes of the product's time."""

ENDS_WITHIN_S = 180.0
MUTANT_ENDS_WITHIN_S = 40.0
"""What a mutant has lost by then is lost; a good release needs less."""


def main(argv: list[str] | None = None) -> int:
    """The exit status."""
    options = parse(argv)
    try:
        history = _history(options)
    except KeyboardInterrupt:
        output.say("interrupted")
        return 2
    except (StackFailed, TimeoutError, OSError) as error:
        output.say(f"could not run: {error}")
        return 2
    except Exception:  # noqa: BLE001 - whatever it is, it is no verdict on the product
        output.say(f"could not run:\n{traceback.format_exc()}")
        return 2
    if options.history:
        options.history.write_text(history.model_dump_json())
    found = report(history)
    output.result(json.dumps(found.as_json(), indent=2) if options.as_json else found.as_text())
    return 0 if found.good else 1


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
