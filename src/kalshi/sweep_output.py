"""What a sweep reads and writes: weeks turned into a tape, results into CSV, Parquet, Markdown, JSON and a picture."""

from __future__ import annotations

import argparse
import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kalshi.backtest_inputs import Inputs
from kalshi.errors import DataError
from kalshi.research import provenance
from kalshi.research.sweep_findings import PlanResults, SweepFindings, findings_json, plan_rows, sweep_findings
from kalshi.research.sweep_report import sweep_markdown, sweep_picture
from kalshi.tsa.point_in_time import Forecasts
from kalshi.tsa.sweep_grid import Grid
from kalshi.tsa.sweep_run import Swept, tape_digest
from kalshi.tsa.tape import Tape, tape_of
from kalshi.tsa.trading_week import Left, trading_week

DOLLARS = ("pnl", "fees", "cost", "spread", "adverse", "forecast", "promised")
NOTES = (
    "A plan is chosen for a week by the weeks before it, less the gap; the chooser is handed nothing else.",
    "The reality check counts every plan as a trial, traded or not (White 2000, scaled as in Hansen 2005).",
    "Forecasts see what was published by the entry time; fills are later, by the named policy, with fees.",
    "Whoever chose models and grid had seen many of these weeks: that makes every number here a little too good.",
)


@dataclass(frozen=True, eq=False)
class Prepared:
    """The tape, and what can not be traded on it: (stage, reason) to strikes, over all entries."""

    tape: Tape
    left: Left
    events: int


def prepare(inputs: Inputs, grid: Grid, progress: Callable[[str], object]) -> Prepared:
    """Return the events of *inputs* with the forecasts the grid asks for. Raises DataError where none is quoted."""
    memory: Forecasts = {}
    weeks, left = [], Counter[tuple[str, str]]()
    for number, event in enumerate(inputs.events, start=1):
        week = trading_week(event, inputs.vintages, grid.moments, grid.models, memory)
        for out in week.left.values():
            left.update(out)
        for (model, _), why in week.refused.items():
            left["forecast", f"{model}: {why}"] += 1
        weeks.append(week)
        progress(f"{number} of {len(inputs.events)} events forecast")
    quoted = [week for week in weeks if week.groups]
    if not quoted:
        reasons = "; ".join(sorted({reason for _, reason in left})) or "there is no event"
        raise DataError(f"nothing can be traded in this period: {reasons}: choose another, or other entries")
    return Prepared(tape_of(quoted, grid.moments, grid.models), left, len(weeks))


def report_files(
    stem: str, args: argparse.Namespace, inputs: Inputs, grid: Grid, prepared: Prepared, swept: Swept,
    made: Mapping[str, Any],
) -> tuple[SweepFindings, dict[str, str | bytes]]:  # fmt: skip
    """Return the findings and the content of each file by its name."""
    columns = {
        name: values / 1_000_000 if name in DOLLARS else values.astype(float) for name, values in swept.columns.items()
    }
    results = PlanResults(
        weeks=tuple(week.sunday for week in prepared.tape.weeks),
        columns=columns,
        parameters=[grid.parameters(number) for number in range(grid.size)],
    )
    mark = "SAMPLE" if inputs.is_sample else "MID" if grid.policy == "mid" else ""
    findings = sweep_findings(
        results, gap=args.gap, least=args.least_weeks, samples=args.bootstraps, seed=args.seed, mark=mark
    )
    rows = plan_rows(results, findings)
    values = grid.as_json()
    swept_values = [f"{name} {', '.join(value)}" for name, value in values.items() if isinstance(value, list)]
    fixed = {name: value for name, value in values.items() if not isinstance(value, list)}
    about = [
        ("data", inputs.source),
        *((f"`{_name(one)}`", f"SHA-256 `{one['sha256'][:16]}…`") for one in made["inputs"][:8]),
        ("tape", f"SHA-256 `{tape_digest(prepared.tape)}`"),
        ("events", f"{prepared.events}, of them {len(prepared.tape.weeks)} with quotes that can be traded on"),
        ("plans", f"{grid.size:,}: {'; '.join(swept_values)}"),
        ("in every plan", "; ".join(f"{name} {value}" for name, value in fixed.items())),
        ("choosing", f"gap {args.gap} week(s), at least {args.least_weeks} before"),
        ("resampling", f"{args.bootstraps} samples, seed {args.seed}"),
        ("code", made["git_commit"] or "not a git repository"),
        ("made", made["generated_at"]),
        ("command", f"`{made['command']}`"),
    ]  # fmt: skip
    left = [(stage, reason, number) for (stage, reason), number in sorted(prepared.left.items())]
    files: dict[str, str | bytes] = {
        f"{stem}.csv": _csv(rows),
        f"{stem}.parquet": _parquet(rows),
        f"{stem}.png": sweep_picture(results, findings, mark=mark),
        f"{stem}.md": sweep_markdown(results, findings, about, left, [*inputs.notes, *NOTES], f"{stem}.png", mark),
    }
    metadata = {
        "kind": "tsa_sweep",
        **made,
        "sample": inputs.is_sample,
        "tape_sha256": tape_digest(prepared.tape),
        **findings_json(results, findings),
        "left": [{"stage": stage, "reason": reason, "strikes": number} for stage, reason, number in left],
        "outputs": {name: provenance.sha256_of_content(content) for name, content in files.items()},
    }
    files[f"{stem}.json"] = json.dumps(metadata, indent=2) + "\n"
    return findings, files


def _csv(rows: list[dict[str, object]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({k: "" if v is None else str(v) for k, v in row.items()} for row in rows)
    return out.getvalue()


def _parquet(rows: list[dict[str, object]]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    plain = [{k: v if isinstance(v, int | float) or v is None else str(v) for k, v in row.items()} for row in rows]
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(plain), out)
    return out.getvalue()


def _name(one: Mapping[str, Any]) -> str:
    return str(one["path"]).rpartition("/")[2]
