"""A function's archive: its files and packages, and the files of the repository that they come from."""

import re
import zipfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

CANDIDATES = ("", "src", "app", "functions", "lambda", "handlers", "lib")
"""The folders in which SST looks for a handler's file."""

OF_ONE_FUNCTION = {"requirements.txt", "resource.enc"}
"""SST's list of what it installed, with its folder of the function, and the resources that are linked to it."""


@dataclass(frozen=True)
class Distribution:
    """An installed distribution, read from its ``dist-info``."""

    name: str
    """Normalised: ``pydantic-core``."""
    version: str
    folder: str
    """The ``dist-info`` folder."""


@dataclass(frozen=True)
class Contents:
    """The files of an archive, with their sizes and checksums."""

    sizes: dict[str, int]
    checksums: dict[str, int]
    records: frozenset[str]
    """Files of the distributions."""
    distributions: tuple[Distribution, ...]

    @property
    def shared(self) -> frozenset[tuple[str, int]]:
        """The files with their checksums, without those of one function: equal for all functions of a package."""
        return frozenset(item for item in self.checksums.items() if item[0] not in OF_ONE_FUNCTION)

    def own(self) -> list[str]:
        """The function's Python files: those of no distribution."""
        return [name for name in self.sizes if name.endswith(".py") and name not in self.records]


@cache
def contents(path: Path) -> Contents:
    """The contents of the archive. Duplicate entries count once, as after unpacking."""
    with zipfile.ZipFile(path) as archive:
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
        infos = [entry.filename for entry in entries if re.fullmatch(r"[^/]+\.dist-info/METADATA", entry.filename)]
        records: set[str] = set()
        for info in infos:
            record = str(PurePosixPath(info).with_name("RECORD"))
            if record in archive.namelist():
                text = archive.read(record).decode()
                records.update(line.split(",")[0].strip('"') for line in text.splitlines())
    return Contents(
        {entry.filename: entry.file_size for entry in entries},
        {entry.filename: entry.CRC for entry in entries},
        frozenset(records),
        tuple(_distribution(info) for info in infos),
    )


def _distribution(info: str) -> Distribution:
    folder = info.partition("/")[0]
    name, _, version = folder.removesuffix(".dist-info").rpartition("-")
    return Distribution(normalised(name), version, folder)


def normalised(name: str) -> str:
    """A distribution's name in the index's normal form."""
    return re.sub(r"[-_.]+", "-", name).lower()


def unpack(path: Path, to: Path) -> None:
    """Extract everything. SST's archives have a ``.`` entry, which ``extractall`` refuses."""
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if PurePosixPath(name).parts:
                archive.extract(name, to)


def handler_module(handler: str) -> str:
    """The file of a handler, as named in the archive."""
    return f"{handler.rpartition('.')[0]}.py"


def package_of(root: Path, handler: str) -> Path | None:
    """The folder, relative to the repository, of the ``pyproject.toml`` that SST uses for a handler's package."""
    module = handler_module(handler)
    for candidate in CANDIDATES:
        file = root / candidate / module
        if file.is_file():
            for folder in file.parents:
                if (folder / "pyproject.toml").is_file():
                    return folder.relative_to(root)
                if folder == root:
                    break
    return None


def source_of(root: Path, handler: str) -> Path | None:
    """The Python file of the repository that a handler names."""
    module = handler.removeprefix("./").rpartition(".")[0]
    candidates = (root / folder / f"{module}.py" for folder in CANDIDATES)
    return next((path for path in candidates if path.is_file()), None)


def in_repository(root: Path, name: str, handler: str) -> str | None:
    """The file of the repository that was copied to a file of the archive."""
    package = package_of(root, handler)
    folders = [str(package)] if package else []
    for folder in (*folders, *CANDIDATES):
        if (root / folder / name).is_file():
            return str(PurePosixPath(folder) / name) if folder not in ("", ".") else name
    return None
