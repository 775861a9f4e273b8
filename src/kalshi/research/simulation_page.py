"""The page of one simulation through the desk: what was promised, what came, where it went, every execution."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kalshi.research.backtest_page import at_a_glance, number_sections, split_section, trades_section
from kalshi.research.metrics import edge_split
from kalshi.research.page import Facts, Page, Section, TableBlock, Text, plain_facts, tone_of
from kalshi.research.trades import Trades

TITLE = "TSA weekly: simulation through the desk"


def simulation_page(
    verdict: str, marks: Sequence[str], trades: Trades | None, rows: Sequence[Mapping[str, str]], funnel: str,
    left: Sequence[tuple[str, str, int]], about: Sequence[tuple[str, str]], notes: Sequence[str],
) -> Page:  # fmt: skip
    """Return the page. rows: of the CSV, by column. funnel: one sentence. left: (stage, reason, strikes)."""
    sections: list[Section] = []
    if trades is not None:
        sections = [at_a_glance(trades, None), split_section(edge_split(trades)), *number_sections(trades)]
    reasons = TableBlock(("left at", "reason", "strikes"), left, "why the others led to no order")
    sections += [
        Section("From decisions to fills", [Text(funnel), reasons]),
        trades_section(rows),
        Section("Data and method", [Facts(plain_facts(about), notes)]),
    ]
    return Page(TITLE, verdict, sections, tone_of(verdict), marks)
