"""Pages need nothing but themselves, escape what they are given, and show the numbers of their Markdown."""

from __future__ import annotations

import csv
import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from backtest_files import csv_of, row, three_weeks
from kalshi.research import charts
from kalshi.research.backtest_page import backtest_page
from kalshi.research.backtest_report import Summary, backtest_markdown
from kalshi.research.compare import compare_metrics, comparison_markdown, pair
from kalshi.research.comparison_page import comparison_page
from kalshi.research.market_score import Quotes, score_against_mid
from kalshi.research.metrics import key_metrics
from kalshi.research.page import Chart, Charts, Facts, Page, Section, TableBlock, Text, render, tone_of
from kalshi.research.trades import parse_trades

VOID = {"meta", "br", "img", "link", "input", "hr"}


class Reader(HTMLParser):
    """Reads a page: its texts, the cells of its tables, and whether every element is closed in its turn."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.cells: list[str] = []
        self.texts: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("td", "th"):
            self.cells.append(data)
        self.texts.append(data)


def quotes(number: int) -> Quotes:
    half = np.full(number, 0.5)
    return Quotes(half, half + 0.1, half / 5, np.arange(number) % 2 * 1.0, np.arange(number, dtype=np.int64) // 2)


def summary(rows: list[dict[str, object]], number: int = 12) -> Summary:
    return Summary(
        trades=parse_trades(csv_of(rows), "test") if rows else None, marks=["SAMPLE"], at_mid=False,
        about=[("data", "`a.csv`")], funnel=[("events", 3), ("markets", 60)], left=[("fill", "nobody offers NO", 7)],
        scores=score_against_mid(quotes(number)), notes=["a note"],
    )  # fmt: skip


def page_of_backtest(rows: list[dict[str, object]], number: int = 12) -> str:
    read = list(csv.DictReader(io.StringIO(csv_of(rows)))) if rows else []
    return render(backtest_page(summary(rows, number), quotes(number), read, title="A backtest"))


def page_of_comparison() -> str:
    old, new = (parse_trades(csv_of(rows), "test") for rows in (three_weeks(), three_weeks()[:4]))
    deltas = compare_metrics(key_metrics(old), key_metrics(new))
    return render(comparison_page(old, new, [("baseline", "`old.csv`")], deltas, pair(old, new)))


@pytest.mark.parametrize(
    "page", [page_of_backtest(three_weeks()), page_of_backtest([], 0), page_of_backtest(three_weeks()[:1], 0),
             page_of_comparison()],
)  # fmt: skip
def test_a_page_is_well_formed_and_asks_nobody_for_anything(page: str) -> None:
    reader = Reader(page)
    for tag, name, value in reader.attributes:
        if name in ("src", "href", "xlink:href", "action", "srcset"):
            assert value is not None and value.startswith("#"), (tag, name, value)
    assert "@import" not in page and "<script" not in page
    assert not re.search(r"url\((?!#)", page)
    assert charts.INK not in page and page.count("<svg") == page.count("</svg>")
    assert 'name="viewport"' in page and "prefers-color-scheme: dark" in page and "@media print" in page


def test_links_lead_to_headings_and_pictures_are_described() -> None:
    reader = Reader(page_of_backtest(three_weeks()))
    anchors = {value for tag, name, value in reader.attributes if (tag, name) == ("h2", "id")}
    links = {value[1:] for tag, name, value in reader.attributes if (tag, name) == ("a", "href") and value}
    assert links == anchors and len(anchors) > 5
    described = [value for tag, name, value in reader.attributes if (tag, name) == ("div", "aria-label")]
    assert len([text for text in described if text]) >= 2


def test_the_page_shows_the_verdict_and_the_numbers_of_the_markdown() -> None:
    markdown, page = backtest_markdown(summary(three_weeks())), Reader(page_of_backtest(three_weeks()))
    verdict = re.search(r"\*\*(.*judge.*)\*\*", markdown)
    assert verdict is not None and verdict[1] in page.texts
    key = markdown.split("## Key metrics")[1].split("##")[0]
    numbers = [line.split("|")[2].strip() for line in key.splitlines() if line.startswith("| ")][1:]
    assert len(numbers) > 10
    assert all(number in page.cells for number in numbers)
    assert all(f"{name}" in page.cells for name in ("A-1", "C-2", "2026-03-22"))


def test_the_comparison_shows_the_numbers_of_its_markdown() -> None:
    old, new = (parse_trades(csv_of(rows), "test") for rows in (three_weeks(), three_weeks()[:4]))
    markdown = comparison_markdown([], compare_metrics(key_metrics(old), key_metrics(new)), pair(old, new))
    page = Reader(page_of_comparison())
    rows = [line.split("|")[1:-1] for line in markdown.splitlines() if line.startswith("| ")][1:]
    assert len(rows) > 10
    assert all(cell.strip() in page.cells for line in rows for cell in line)


def test_what_comes_in_is_escaped() -> None:
    evil = "<script>alert(1)</script>"
    rows = [{**row("M", "2026-03-22", "yes", 0.9, 0.8, 1), "market": evil}]
    assert "<script" not in page_of_backtest(rows)
    blocks = [Text(evil), TableBlock((evil,), [(evil,)]), Facts([(evil, evil)], [evil])]
    page = Page(evil, evil, [Section(evil, blocks)])
    assert "<script" not in render(page)
    assert evil in Reader(render(page)).texts


def test_control_characters_do_not_get_through() -> None:
    blocks = [Text("e\x9b\u2028f"), TableBlock(("g\rh",), [("i\x07",)])]
    page = render(Page("a\x1b[2Jb", "c\x00d", [Section("s", blocks)]))
    assert not set(page) & {chr(code) for code in (*range(9), *range(11, 32), *range(127, 160), 0x2028, 0x2029)}
    assert "a [2Jb" in Reader(page).texts


def test_a_label_in_a_chart_is_escaped() -> None:
    svg = charts.lines(["<b>&x"], {"a<script>": [1.0]}, "y")
    assert "<script" not in svg and "<b>" not in svg and "&lt;b&gt;&amp;x" in svg


def test_missing_numbers_are_said_and_long_tables_fold() -> None:
    block = TableBlock(("a", "b"), [(float("nan"), None), (1.5, "x")], "long", folded=True)
    page = Reader(render(Page("t", "v", [Section("s", [block])])))
    assert page.cells == ["a", "b", "n/a", "–", "1.5000", "x"]
    assert "long (2 rows)" in page.texts


def test_only_evidence_is_coloured() -> None:
    assert tone_of("Evidence of an edge after fees: ...") == "good"
    assert tone_of("Evidence of a loss after fees: ...") == "bad"
    assert tone_of("No evidence of an edge after fees: ...") == tone_of("Too little to judge") == "neutral"


@pytest.mark.parametrize(
    "svg",
    [
        charts.equity(["a"], np.array([1.0])),
        charts.reliability({"m": [(0.5, 0.4, 3)]}),
        charts.histogram({"k0": [1] * 10}),
        charts.lines(["a", "b"], {"m": [1.0, float("nan")]}, "y", first="m", levels=(0.5,)),
        charts.fan(["a", "b"], {0.1: [1, 1], 0.5: [2, 2], 0.9: [3, 3]}, actual=2.5, strikes=(1.5, 9)),
        charts.ladder([2.4, 2.5], [0.9, 0.1], [0.8, float("nan")], [0.9, 0.2], {"order for NO": [(2.5, 0.3)]}),
        charts.ladder([2.4], [1.0], [float("nan")], [float("nan")], {}),
        charts.steps([("stated", 0.1), ("fees", -0.02), ("realised", 0.08)], "dollars"),
        charts.bars(["a", "b"], np.array([1.0, -1.0]), "dollars"),
    ],
)
def test_each_chart_scales_and_takes_the_ink_of_the_page(svg: str) -> None:
    head = svg[: svg.index(">")]
    assert svg.startswith("<svg") and "viewBox" in head and " width=" not in head and " height=" not in head
    assert "currentColor" in svg and charts.INK not in svg and "#000000" not in svg
    page = render(Page("t", "v", [Section("s", [Charts([Chart("c", svg, "what it shows")])])]))
    assert Reader(page).texts.count("c") == 1
