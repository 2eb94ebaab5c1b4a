"""Links between the pages lead somewhere, and paths in the text exist."""

import re
from pathlib import Path

import pytest

from tests.docs.commands import PAGES, ROOT

LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
MENTIONED = re.compile(
    r"`((?:\./)?(?:\.github|database|docs|functions|infra|packages|scripts|tests)/[\w./*-]+|[\w.]+\.config\.ts)`"
)
MADE_BY_THE_READER = {"database/migrations/NNNN_verb_phrase.sql", "functions/pipeline/analyses/sentiment.py"}

IDS = [str(page.relative_to(ROOT)) for page in PAGES]


def anchors(page: Path) -> set[str]:
    """Anchors of a page's headings, as GitHub makes them."""
    headings = HEADING.findall(re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_links_lead_to_files_and_headings(page: Path) -> None:
    links = [link for link in LINK.findall(page.read_text(encoding="utf-8")) if "://" not in link]
    for link in links:
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_paths_in_the_text_exist(page: Path) -> None:
    paths = {path.removeprefix("./") for path in MENTIONED.findall(page.read_text(encoding="utf-8"))}
    missing = [path for path in paths - MADE_BY_THE_READER if not list(ROOT.glob(path.rstrip("/")))]
    assert missing == []


def test_every_page_is_reached_from_the_index() -> None:
    index = (ROOT / "docs/README.md").read_text(encoding="utf-8")
    decisions = (ROOT / "docs/decisions/README.md").read_text(encoding="utf-8")
    pages = {page.name for page in ROOT.glob("docs/*.md")} - {"README.md"}
    records = {page.name for page in ROOT.glob("docs/decisions/*.md")} - {"README.md"}
    assert [name for name in pages if f"({name})" not in index] == []
    assert [name for name in records if f"({name})" not in decisions] == []


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 150
