"""The page of one backtest: verdict, charts, from markets to fills, every trade, data and method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kalshi.research import charts, metrics
from kalshi.research.backtest_report import RULE_HEADERS, Summary, headline, rule_row, score_row
from kalshi.research.markdown import metric
from kalshi.research.market_score import Quotes
from kalshi.research.metrics import dollars
from kalshi.research.page import Chart, Charts, Facts, Page, Section, TableBlock, Text, plain_facts, tone_of
from kalshi.research.trades import Floats, Trades

TRADE_COLUMNS = (
    "date", "market", "side", "prob", "fill_price", "bid", "ask", "count", "fee", "outcome", "pnl", "edge", "as_of",
    "known_days", "candle_end", "settlement_check",
)  # fmt: skip
SCORE_HEADERS = ("sample", "quotes", "weeks", "model", "mid", "half of each", "model - mid", "95 % interval")
BINS = 5


def backtest_page(summary: Summary, quotes: Quotes, rows: Sequence[Mapping[str, str]], *, title: str) -> Page:
    """Return the page. quotes: two-sided quotes of the run. rows: of the CSV, by column."""
    verdict = headline(summary)
    trades = summary.trades
    sections = [
        Section("From markets to fills", [
            TableBlock(("step", "markets"), summary.funnel, "how many were left after each step"),
            TableBlock(("left at", "reason", "markets"), summary.left, "why the others were not traded"),
        ]),
        Section("Model against the market", [
            TableBlock(SCORE_HEADERS, [score_row(score) for score in summary.scores], "Brier score of P(YES)"),
            Text("Lower is better. The interval is clustered by week: strikes of one week share one outcome."),
        ]),
    ]  # fmt: skip
    if trades is not None:
        sections.insert(0, at_a_glance(trades, quotes))
        sections += [split_section(metrics.edge_split(trades)), *number_sections(trades), trades_section(rows)]
    rules = [rule_row(*one) for one in summary.rules]
    mismatches = [(line,) for line in summary.mismatches]
    sections += [
        Section("Rules beside each other", [TableBlock(RULE_HEADERS, rules)]),
        Section("Settlement", [TableBlock(("market",), mismatches, "Paid differently from what the counts imply")]),
        Section("Data and method", [Facts(plain_facts(summary.about), summary.notes)]),
    ]
    return Page(title, verdict, sections, tone_of(verdict), list(summary.marks))


def at_a_glance(trades: Trades, quotes: Quotes | None) -> Section:
    """Return profit by week and reliability as charts. quotes: to judge all of them, not only what was traded."""
    return Section("At a glance", [Charts(_charts(trades, quotes))])


def _charts(trades: Trades, quotes: Quotes | None) -> list[Chart]:
    weekly = metrics.weekly_pnl(trades)
    labels = [f"{day:%b} {day.day}" for day in trades.week_labels]
    total = dollars(float(weekly.sum()))
    found = [
        Chart(
            "Profit by week, after fees", charts.equity(labels, weekly),
            f"Profit of {weekly.size} weeks, sum {total}, deepest point below the peak {dollars(_deepest(weekly))}",
        )
    ]  # fmt: skip
    if quotes is not None and len(quotes):
        curves = {"model": _curve(quotes.model, quotes.outcome), "market's mid": _curve(quotes.mid, quotes.outcome)}
        subject = f"{len(quotes)} two-sided quotes"
    else:
        curves, subject = {"model, chosen side": _curve(trades["prob"], trades["outcome"])}, f"{len(trades)} trades"
    found.append(Chart("Reliability", charts.reliability(curves), f"Stated probability against what came, {subject}"))
    return found


def split_section(split: metrics.EdgeSplit) -> Section:
    """Return where the profit came from, as a table and as a bridge; the parts add up to what was made."""
    parts = split.rows()
    rows = [(name, dollars(total), dollars(each)) for name, total, each in parts]
    bridge = charts.steps([(name, total) for name, total, _ in parts[:-1]], "dollars")
    said = ", ".join(f"{name} {total:+.2f}" for name, total, _ in parts)
    table = TableBlock(("part", "dollars", "a contract"), rows, "what was promised, and what came of it")
    return Section("Where the profit came from", [table, Charts([Chart("From forecast to profit", bridge, said)])])


def _curve(prob: Floats, outcome: Floats) -> list[tuple[float, float, int]]:
    bins = metrics.calibration(prob, outcome, bins=BINS)
    return [(one.mean_prob, one.hit_rate, one.trades) for one in bins if one.trades]


def _deepest(weekly: Floats) -> float:
    return float(metrics.drawdown(weekly).min())


def number_sections(trades: Trades) -> list[Section]:
    """Return the key metrics, the weeks, and stated edge against what came."""
    weekly, below = metrics.weekly_pnl(trades), metrics.drawdown(metrics.weekly_pnl(trades))
    values = [(name, metric(name, value)) for name, value in metrics.key_metrics(trades).items()]
    by_week, total = [], 0.0
    for number, week in enumerate(trades.week_labels):
        total += float(weekly[number])
        own = int((trades.weeks == number).sum())
        by_week.append((str(week), own, dollars(float(weekly[number])), dollars(total), dollars(float(below[number]))))
    buckets = [
        (f"{b.low:g} .. {b.high:g}", b.trades, b.edge_avg, b.pnl_avg, b.hit_rate)
        for b in metrics.edge_buckets(trades)
        if b.trades
    ]
    return [
        Section("Key metrics", [TableBlock(("metric", "value"), values)]),
        Section("By week", [TableBlock(("week", "trades", "pnl", "sum", "below the peak"), by_week)]),
        Section("Stated edge against what came", [
            TableBlock(("edge, $", "trades", "mean edge", "mean pnl a contract", "hit rate"), buckets),
        ]),
    ]  # fmt: skip


def trades_section(rows: Sequence[Mapping[str, str]]) -> Section:
    """Return all trades; many of them are folded."""
    columns = [name for name in TRADE_COLUMNS if rows and name in rows[0]]
    cells = [[_short(row[name]) for name in columns] for row in rows]
    return Section("Every trade", [TableBlock(columns, cells, "all trades", folded=len(rows) > 12)])


def _short(text: str) -> str:
    """Return a number of the CSV without its far decimals."""
    try:
        return f"{float(text):.4f}".rstrip("0").rstrip(".") if "." in text else text
    except ValueError:
        return text
