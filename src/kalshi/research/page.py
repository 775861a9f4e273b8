"""A report as a page: sections of text, tables and charts, rendered as one HTML file that needs nothing else.

The builders (`backtest_page`, `comparison_page`, ...) say what is on a page; this module says how it looks.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from kalshi.research.markdown import number

if TYPE_CHECKING:
    from jinja2 import Template

TEMPLATE = Path(__file__).with_name("templates") / "page.html"
CONTROL = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029]")
Tone = Literal["good", "bad", "neutral"]


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    text: str
    kind: str = "text"


@dataclass(frozen=True)
class TableBlock:
    """A table; floats are written with four decimals. folded: shown on demand, for long ones."""

    headers: Sequence[str]
    rows: Sequence[Sequence[object]]
    caption: str = ""
    folded: bool = False
    kind: str = "table"

    @property
    def cells(self) -> list[list[tuple[str, bool]]]:
        """Return the rows as (text, whether its column is one of numbers)."""
        texts = [[_cell(value) for value in row] for row in self.rows]
        numeric = self.numeric
        return [list(zip(row, numeric, strict=True)) for row in texts]

    @property
    def numeric(self) -> list[bool]:
        """Return for each column whether all its cells are numbers."""
        texts = [[_cell(value) for value in row] for row in self.rows]
        return [bool(texts) and all(_is_number(row[i]) for row in texts) for i in range(len(self.headers))]


@dataclass(frozen=True)
class Chart:
    """An inline picture. svg: made by `kalshi.research.charts`. alt: what it shows, in words."""

    title: str
    svg: str
    alt: str
    kind: str = "chart"


@dataclass(frozen=True)
class Charts:
    """Pictures side by side where there is room."""

    charts: Sequence[Chart]
    kind: str = "charts"


@dataclass(frozen=True)
class Facts:
    """Names with their values: data, method, parameters."""

    facts: Sequence[tuple[str, str]]
    notes: Sequence[str] = ()
    kind: str = "facts"


Block = Text | TableBlock | Charts | Facts


@dataclass(frozen=True)
class Section:
    """A heading with what stands below it."""

    title: str
    blocks: Sequence[Block]

    @property
    def anchor(self) -> str:
        """Return the name of the heading in links."""
        return "-".join("".join(c if c.isalnum() else " " for c in self.title.lower()).split())


@dataclass(frozen=True)
class Page:
    """One report. verdict: one sentence with its interval. marks: such as SAMPLE or PAPER, shown on top."""

    title: str
    verdict: str
    sections: Sequence[Section]
    tone: Tone = "neutral"
    marks: Sequence[str] = field(default_factory=tuple)
    subtitle: str = ""


def plain_facts(facts: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return (name, value) pairs that were written for Markdown without its backticks."""
    return [(name.replace("`", ""), value.replace("`", "")) for name, value in facts]


def tone_of(verdict: str) -> Tone:
    """Return how a verdict of `kalshi.research.metrics` is coloured: only evidence is."""
    if verdict.startswith("Evidence of an edge"):
        return "good"
    return "bad" if verdict.startswith("Evidence of a loss") else "neutral"


def render(page: Page) -> str:
    """Return *page* as one HTML document without any external request.

    Every text is escaped and set on one line; control characters, which an exchange's texts may carry, are gone.
    """
    return _template().render(page=page)


@lru_cache(maxsize=1)
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=_clean
    )
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8"))


def _clean(value: object) -> object:
    """Return a text without line breaks and control characters; a chart, which is markup already, as it is."""
    return CONTROL.sub(" ", value) if type(value) is str else value


def _cell(value: object) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, float):
        return number(value) if math.isfinite(value) else "n/a"
    return str(value)


def _is_number(text: str) -> bool:
    bare = text.replace("−", "-").lstrip("+-$").removesuffix("%").strip().replace(",", "").lstrip("$")
    return text in ("–", "n/a") or bare.replace(".", "", 1).isdigit()
