"""What the reference says about the code is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from clone import ROOT
from kalshi.exchange.endpoints_table import ENDPOINTS


def test_the_table_of_endpoints_is_the_one_in_use() -> None:
    text = (ROOT / "reference" / "kalshi_docs" / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (GET|POST|PUT|DELETE) \| `([^`]+)` \| (signed|public) \| (.*) \|$", text, re.MULTILINE)
    shown = [(m, path, auth == "signed", tuple(re.findall(r"`(\w+)`", names))) for m, path, auth, names in rows]
    assert shown == [(e.method, e.path, e.signed, tuple(e.parameters)) for e in ENDPOINTS]


DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "reference").rglob("*.md"))]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", document.read_text(encoding="utf-8")):
        if not target.startswith(("http://", "https://")):
            assert (document.parent / target).exists(), f"{document.name} links to {target}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_named_in_documents_exist(document: Path) -> None:
    named = set(re.findall(r"`((?:src|test|bench|reference)/[\w/.-]+\.\w+)`", document.read_text(encoding="utf-8")))
    made = ("/reports/", "/data/")  # what runs write
    missing = [name for name in named if not (ROOT / name).exists() and not any(part in name for part in made)]
    assert not missing


def test_the_architecture_names_every_room() -> None:
    text = (ROOT / "reference" / "architecture.md").read_text(encoding="utf-8")
    rooms = [path.parent.name for path in (ROOT / "src" / "kalshi").glob("*/__init__.py")]
    floors = text[: text.index("## What is in the rooms")]
    assert not [room for room in rooms if f"`{room}/`" not in floors]


def test_the_readme_leads_to_every_page_of_the_reference() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    pages = [path.name for path in (ROOT / "reference").glob("*.md")]
    assert pages and not [page for page in pages if f"(reference/{page})" not in text]
