"""What a simulation writes: CSV of the executions, Markdown and JSON of what they say."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from kalshi.backtest_inputs import Inputs
from kalshi.backtest_output import MID_MARK
from kalshi.research import provenance
from kalshi.research.backtest_csv import backtest_csv, trades_of
from kalshi.research.markdown import metric, table
from kalshi.research.metrics import EdgeSplit, dollars, edge_split, key_metrics, verdict
from kalshi.research.page import render
from kalshi.research.sanity_report import plain
from kalshi.research.simulation_page import simulation_page
from kalshi.tsa.replay_desk import Replay
from kalshi.tsa.replay_rows import REPLAY_COLUMNS, fill_row
from kalshi.tsa.trading_week import TradingWeek
from kalshi.tsa.walk_forward import FAR_FUTURE

NO_FILL = "Nothing was filled: nothing can be said about an edge. The table of reasons says why."
MEANING = {
    "taker": "fills at once at the price on the other side; nothing rests",
    "maker-conservative": "as taker; what rests fills at its limit once a later candle went strictly through it",
    "maker-optimistic": "as taker; what rests fills at its limit once a later candle touched it",
    "mid": "fills at once at the middle of bid and ask: for comparison only",
}
NOTES = (
    "Decisions are the bot's, limits the desk's, fills and fees the paper exchange's.",
    "A decision knows the counts of its entry time and the quotes of the first candle that closes after it.",
    "Only candles wholly after an order can fill it while it rests; the candle over the close is never used.",
    "Each quote has the stated depth for every order that meets it; our own effect on the market is not modelled.",
    "Strikes of one week share one outcome: intervals are clustered by week.",
)


@dataclass(frozen=True)
class Simulated:
    """The verdict in one sentence, the marks above it, and where the profit came from (None without a fill)."""

    verdict: str
    marks: tuple[str, ...]
    split: EdgeSplit | None


def simulation_files(
    stem: str, inputs: Inputs, weeks: Sequence[TradingWeek], done: Replay, made: Mapping[str, Any]
) -> tuple[Simulated, dict[str, str]]:
    """Return what was found, and the content of each file by its name."""
    plan, counts = done.plan, inputs.vintages.known(FAR_FUTURE)
    rows = [fill_row(fill, plan, counts, inputs.source) for fill in done.fills]
    text = backtest_csv(rows, REPLAY_COLUMNS)
    trades = trades_of(text, stem)
    marks = ["SAMPLE"] * inputs.is_sample + [MID_MARK] * plan.fills.at_mid
    found = Simulated(verdict(trades) if trades else NO_FILL, tuple(marks), edge_split(trades) if trades else None)
    about = [
        ("data", inputs.source),
        *((f"`{one['path'].rpartition('/')[2]}`", f"SHA-256 `{one['sha256'][:16]}…`") for one in made["inputs"][:8]),
        ("events", f"{len(weeks)}, of them {sum(bool(week.groups) for week in weeks)} with quotes to trade on"),
        ("fill policy", f"{plan.policy}: {MEANING[plan.policy]}"),
        ("plan", f"`{plan}`"),
        ("cash", f"${plan.cash:,.2f} at the start, ${done.cash:,.4f} at the end"),
        ("code", made["git_commit"] or "not a git repository"),
        ("command", f"`{made['command']}`"),
    ]  # fmt: skip
    left = [(stage, reason, number) for (stage, reason), number in sorted(done.left.items())]
    kpis = key_metrics(trades) if trades else None
    parts = ["# TSA weekly: simulation through the desk", "", *(f"**{mark}**\n" for mark in marks)]
    parts += [f"**{found.verdict}**", ""]
    if found.split is not None and kpis is not None:
        split = [(name, dollars(total), dollars(each)) for name, total, each in found.split.rows()]
        parts += ["## Where the profit came from", "", table(["part", "dollars", "a contract"], split), ""]
        values = [(name, metric(name, value)) for name, value in kpis.items()]
        parts += ["## Key metrics", "", table(["metric", "value"], values), ""]
    funnel = f"{done.decisions} decisions on quotes, {done.orders} orders, {len(done.fills)} fills."
    parts += ["## What led to no order", "", funnel, "", table(["left at", "reason", "strikes"], left), ""]
    parts += ["## Data and method", "", *(f"- {label}: {words}" for label, words in about), *(f"- {n}" for n in NOTES)]
    read = list(csv.DictReader(io.StringIO(text)))
    page = simulation_page(found.verdict, marks, trades, read, funnel, left, about, NOTES)
    files = {f"{stem}.csv": text, f"{stem}.md": "\n".join([*parts, ""]), f"{stem}.html": render(page)}
    metadata = {
        "kind": "tsa_simulation",
        **made,
        "sample": inputs.is_sample,
        "marks": marks,
        "verdict": found.verdict,
        "edge_split": asdict(found.split) if found.split else None,
        "kpis": plain(kpis) if kpis else None,
        "decisions": done.decisions,
        "orders": done.orders,
        "cash_end": str(done.cash),
        "left": [{"stage": stage, "reason": reason, "strikes": number} for stage, reason, number in left],
        "outputs": {name: provenance.sha256_of_content(content) for name, content in files.items()},
    }
    files[f"{stem}.json"] = json.dumps(metadata, indent=2) + "\n"
    return found, files
