"""Measure the mutation score of a package, module by module: see README.md."""

import argparse
import sys
from pathlib import Path

from mutation_score.configuration import Configuration
from mutation_score.measurement import Measurement, TestsFail
from mutation_score.score import Score, complaints, group, score_of


def main() -> int:
    """Print the score of each module with its survivors, and the scores of the groups. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="mutation-score", description=__doc__)
    parser.add_argument("modules", nargs="*", help="parts of paths, such as services/heartbeat; none: all modules")
    parser.add_argument("--config", type=Path, required=True, help="the configuration, a TOML file")
    parser.add_argument("--tests", nargs="+", default=[], help="use only these tests")
    parser.add_argument("--jobs", type=int, default=1, help="processes side by side")
    given = parser.parse_args()
    configuration = Configuration.read(given.config)
    if given.tests:
        configuration = configuration.model_copy(update={"tests": tuple(given.tests)})
    try:
        measurement = Measurement(Path.cwd(), configuration, given.jobs)
    except TestsFail as exc:
        write("these tests fail without a change:", str(exc))
        return 2
    scores = measured(measurement, configuration, given.modules)
    measurement.end()
    groups = {pattern: group(scores, pattern) for pattern in configuration.least}
    write(*(f"{pattern}: {score}" for pattern, score in groups.items() if score.mutants))
    found = list(complaints(configuration, scores))
    write(*found)
    return 1 if found else 0


def measured(measurement: Measurement, configuration: Configuration, parts: list[str]) -> dict[str, Score]:
    """The scores of the modules whose path has one of the parts, printed as they are known."""
    scores = {}
    for module in sorted(measurement.source.rglob("*.py")):
        name = module.relative_to(measurement.source).as_posix()
        if not parts or any(part in name for part in parts):
            source = module.read_text(encoding="utf-8")
            score = score_of(name, source, measurement.outcomes(module), configuration.accepted)
            if score.mutants or score.accepted:
                scores[name] = score
                write(f"{name}: {score}", *(f"  {survivor}" for survivor in score.survivors))
    return scores


def write(*lines: str) -> None:
    """Print lines at once: a measurement takes long."""
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
