"""The configuration: the modules, the tests, the changes that are not made, and the survivors that are accepted."""

import re
import tomllib
from fnmatch import fnmatch
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from mutation_score.mutants import Mutant


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Rule(_Entry):
    """Changes that are not made, with the reason."""

    modules: str
    """A glob below the source folder."""
    kinds: tuple[str, ...] = ()
    """Kinds of changes; none: all."""
    before: str = ""
    """A regular expression that the changed source must contain."""
    reason: str = Field(min_length=1)

    def excludes(self, module: str, mutant: Mutant) -> bool:
        """Whether the change is not made."""
        return (
            fnmatch(module, self.modules)
            and (not self.kinds or mutant.kind in self.kinds)
            and bool(re.search(self.before, mutant.before))
        )


class Accepted(_Entry):
    """A survivor that behaves like the original, with the reason."""

    module: str
    change: str
    """As reported: ``before -> after``."""
    line: str = ""
    """A part of the changed line, where the module has the same change elsewhere."""
    reason: str = Field(min_length=1)

    def accepts(self, module: str, line: str, mutant: Mutant) -> bool:
        """Whether the entry names this mutant."""
        return self.module == module and self.change == mutant.change and self.line in line


class Configuration(_Entry):
    """A file such as ``tests/mutation-score.toml``."""

    source: Path
    """The folder of the package."""
    tests: tuple[str, ...]
    pytest: tuple[str, ...] = ()
    """More arguments for pytest."""
    least: dict[str, float]
    """The lowest accepted score of each group of modules, a glob below the source folder, in percent."""
    rules: tuple[Rule, ...] = ()
    accepted: tuple[Accepted, ...] = ()

    @classmethod
    def read(cls, file: Path) -> "Configuration":
        """The file's content. Raises ValidationError."""
        return cls.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))

    def excluded(self, module: str, mutant: Mutant) -> bool:
        """Whether a rule excludes the change."""
        return any(rule.excludes(module, mutant) for rule in self.rules)
