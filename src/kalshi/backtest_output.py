"""What a backtest writes: CSV, Markdown summary, picture, metadata; all from the same numbers."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from kalshi.backtest_inputs import Inputs
from kalshi.backtest_options import Options
from kalshi.research import backtest_report, provenance
from kalshi.research.backtest_csv import backtest_csv, trades_of
from kalshi.research.backtest_page import backtest_page
from kalshi.research.market_score import Quotes, score_against_mid
from kalshi.research.metrics import key_metrics
from kalshi.research.page import render
from kalshi.research.pictures import backtest_picture
from kalshi.research.sanity_report import plain
from kalshi.research.trades import sunday_of
from kalshi.tsa.backtest import Result, Settings
from kalshi.tsa.backtest_rows import EXTRA_COLUMNS, trade_row

MID_MARK = "MID FILLS, for comparison only: nobody gets them"
METHOD = (
    "A forecast sees only what was published by the decision; errors of the model are its own past ones.",
    "A fill is at the close of the first candle that ends after the decision: YES at its ask, NO at 1 - bid, "
    "taker fee paid; candles do not say how many contracts were offered there.",
    "Empty sides (bid 0, ask 1) are no prices, and the candle over the close is never used.",
    "The exchange's result settles; the counts as first published are a check.",
    "Whoever chose the models had seen many of these weeks: that makes every number here a little too good.",
    "Strikes of one week share one outcome: intervals are clustered by week.",
)


def report_files(
    stem: str,
    options: Options,
    settings: Settings,
    inputs: Inputs,
    results: Mapping[str, Result],
    made: dict[str, Any],
) -> tuple[backtest_report.Summary, dict[str, str | bytes]]:
    """Return the summary and the content of each file by its name.

    results: by rule; the one of *settings* is the backtest, the others stand beside it. made: provenance.
    """
    result = results[settings.rule]
    tables = {
        rule: backtest_csv([trade_row(trade, found.settings, inputs.source) for trade in found.trades], EXTRA_COLUMNS)
        for rule, found in results.items()
    }
    judged = {rule: trades_of(text, stem) for rule, text in tables.items()}
    trades, quotes = judged[settings.rule], quotes_of(result)
    at_mid = settings.fill == "mid"
    summary = backtest_report.Summary(
        trades=trades,
        marks=["SAMPLE"] * inputs.is_sample + [MID_MARK] * at_mid,
        at_mid=at_mid,
        about=_about(options, settings, inputs, made),
        funnel=[("events", result.events), *result.funnel()],
        left=[(stage, reason, number) for (stage, reason), number in sorted(result.left.items())],
        scores=score_against_mid(quotes),
        rules=list(judged.items()),
        mismatches=result.mismatches,
        notes=[*inputs.notes, *METHOD],
        picture=f"{stem}.png" if trades else "",
    )
    files: dict[str, str | bytes] = {
        f"{stem}.csv": tables[settings.rule],
        f"{stem}.md": backtest_report.backtest_markdown(summary),
    }
    title = f"TSA weekly backtest: {settings.model}, rule {settings.rule}, {settings.fill} fills"
    rows = list(csv.DictReader(io.StringIO(tables[settings.rule])))
    files[f"{stem}.html"] = render(backtest_page(summary, quotes, rows, title=title))
    if trades:
        mark = "SAMPLE" if inputs.is_sample else "MID" if at_mid else ""
        files[f"{stem}.png"] = backtest_picture(trades, quotes, title=title, mark=mark)
    metadata = {
        "kind": "tsa_backtest",
        **made,
        "sample": inputs.is_sample,
        "verdict": backtest_report.headline(summary),
        "funnel": dict(summary.funnel),
        "left": [{"stage": stage, "reason": reason, "markets": number} for stage, reason, number in summary.left],
        "settlement_mismatches": result.mismatches,
        "kpis": plain(key_metrics(trades)) if trades else None,
        "brier_against_mid": [
            {"sample": s.sample, "quotes": s.quotes, "weeks": s.weeks, "model": s.model, "mid": s.mid}
            for s in summary.scores
        ],
        "outputs": {name: provenance.sha256_of_content(content) for name, content in files.items()},
    }
    files[f"{stem}.json"] = json.dumps(metadata, indent=2) + "\n"
    return summary, files


def quotes_of(result: Result) -> Quotes:
    """Return the two-sided quotes of a simulation for scoring."""
    scored = result.scored
    return Quotes(
        model=np.array([s.prob_yes for s in scored], dtype=np.float64),
        mid=np.array([s.mid for s in scored], dtype=np.float64),
        spread=np.array([s.spread for s in scored], dtype=np.float64),
        outcome=np.array([s.outcome for s in scored], dtype=np.float64),
        weeks=np.array([sunday_of(s.sunday).toordinal() for s in scored], dtype=np.int64),
    )


def _about(options: Options, settings: Settings, inputs: Inputs, made: Mapping[str, Any]) -> list[tuple[str, str]]:
    rules = settings.rules
    return [
        ("data", inputs.source),
        *((f"`{Path(one['path']).name}`", f"SHA-256 `{one['sha256'][:16]}…`") for one in made["inputs"][:8]),
        *([("and", f"{len(made['inputs']) - 8} more files, in the metadata")] if len(made["inputs"]) > 8 else []),
        ("weeks", f"Sundays in {options.start} .. {options.end}; candles of {options.interval} minutes"),
        ("settled by", "the exchange's results" if inputs.has_results else "the counts: no results were given"),
        ("model", settings.model),
        ("decision", f"{settings.entry}, 10:30 New York"),
        ("rule", f"{settings.rule}: {RULE_TEXT[settings.rule]}"),
        ("bot", f"{rules.price_share:%} of value at most, probability {rules.lowest} .. {rules.highest}, "
                f"edge at least ${rules.min_edge}, spread at most ${rules.max_spread}"),
        ("fill", f"{settings.fill}, {rules.count} contract(s) a trade"),
        ("code", made["git_commit"] or "not a git repository"),
        ("made", made["generated_at"]),
        ("command", f"`{made['command']}`"),
    ]  # fmt: skip


RULE_TEXT = {
    "every": "the likelier side of every quoted strike, whatever it costs",
    "bot": "what the live bot would buy at once; its resting orders are not filled",
}
