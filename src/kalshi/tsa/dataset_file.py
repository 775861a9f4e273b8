"""The dataset as a Parquet file with its origin beside it (JSON) and inside it (schema metadata).

Times are UTC; prices dollars for YES; passengers persons. One row per event, as-of time and strike.
"""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from kalshi.errors import ConfigError, DataError
from kalshi.tsa.dataset import Dataset, Row

FORMAT = 1
METADATA_KEY = b"kalshi"
_PRICE = pa.decimal128(9, 4)
_TIME = pa.timestamp("us", tz="UTC")
# Known at as_of:
KNOWN_FIELDS = [
    ("event_ticker", pa.string()), ("ticker", pa.string()), ("week_sunday", pa.date32()), ("as_of", _TIME),
    ("strike", pa.int64()), ("newest_day", pa.date32()), ("known_days", pa.int8()), ("late_days", pa.int16()),
    ("next_release", _TIME), ("week_sum", pa.int64()), ("mean_7", pa.float64()), ("growth_7", pa.float64()),
    ("busy_days", pa.int8()), ("bid", _PRICE), ("ask", _PRICE), ("quote_at", _TIME),
]  # fmt: skip
# By model, known at as_of: p_<model>, mean_<model>, sd_<model>, p_<model>_market. What came later:
LATER_FIELDS = [
    ("fill_bid", _PRICE), ("fill_ask", _PRICE), ("fill_at", _TIME), ("fill_trouble", pa.string()),
    ("result", pa.string()), ("settled_by", pa.string()), ("first_print_mean", pa.float64()),
    ("settlement_check", pa.string()),
]  # fmt: skip


def schema(models: tuple[str, ...], mixed: tuple[str, ...] = ()) -> pa.Schema:
    """Return the columns of a dataset of *models*, and of probabilities *mixed* with the market."""
    said = [(f"{what}_{model}", pa.float64()) for model in models for what in ("p", "mean", "sd")]
    said += [(f"p_{name}", pa.float64()) for name in mixed]
    return pa.schema([*KNOWN_FIELDS, *said, *LATER_FIELDS])


def table_of(made: Dataset) -> pa.Table:
    """Return the dataset as a table."""
    return pa.Table.from_pylist([_cells(row) for row in made.rows], schema=schema(made.models, made.mixed))


def _cells(row: Row) -> dict[str, Any]:
    look, point = row.look, row.look.points[row.number]
    features, quote, fill = look.features, point.quote, row.fill
    cells: dict[str, Any] = {
        "event_ticker": point.event_ticker, "ticker": point.ticker, "week_sunday": look.week_sunday,
        "as_of": look.as_of, "strike": point.strike,
        **{name: getattr(features, name) for name in features.__slots__},
        "bid": quote and quote.bid, "ask": quote and quote.ask, "quote_at": quote and quote.at,
        "fill_bid": fill and fill.bid, "fill_ask": fill and fill.ask, "fill_at": fill and fill.at,
        "fill_trouble": row.fill_trouble, "result": row.settled.result, "settled_by": row.settled.basis,
        "first_print_mean": row.settled.mean, "settlement_check": row.settled.check,
    }  # fmt: skip
    cells |= {f"p_{name}": prob for name, prob in point.probs.items()}
    for model, said in look.forecasts.items():
        cells |= {f"mean_{model}": said.mean, f"sd_{model}": said.sd}
    return cells


def summary_of(made: Dataset) -> dict[str, Any]:
    """Return counts for the metadata: rows, events, what is excluded and which cells are empty, by reason."""
    sundays = [row.look.week_sunday for row in made.rows]
    return {
        "format": FORMAT,
        "rows": len(made.rows),
        "events": len({row.look.event_ticker for row in made.rows}),
        "first_week": str(min(sundays)),
        "last_week": str(max(sundays)),
        "models": list(made.models),
        "with_market": list(made.mixed),
        "columns": {field.name: str(field.type) for field in schema(made.models, made.mixed)},
        "excluded": [
            {"event_ticker": event, "reason": reason, "rows": count}
            for (event, reason), count in sorted(made.excluded.items())
        ],
        "empty_cells": {reason: count for reason, count in sorted(made.notes.items()) if count},
    }


def dataset_bytes(made: Dataset, about: dict[str, Any]) -> bytes:
    """Return the Parquet file of *made* with *about* (JSON-able) as its metadata; same input, same bytes."""
    table = table_of(made).replace_schema_metadata({METADATA_KEY: json.dumps(about)})
    out = BytesIO()
    pq.write_table(table, out)
    return out.getvalue()


def read_dataset(path: Path) -> tuple[pa.Table, dict[str, Any]]:
    """Return (table, metadata) of a file written by `build_dataset`.

    Raises ConfigError for an absent file, DataError for one that is no dataset or of another format.
    """
    try:
        table = pq.read_table(path, partitioning=None)
        about: dict[str, Any] = json.loads(table.schema.metadata[METADATA_KEY])
        found = about["format"]
    except FileNotFoundError:
        raise ConfigError(f"{path}: there is no such file: make it with python3 -m kalshi.build_dataset") from None
    except (pa.ArrowException, OSError, KeyError, TypeError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(f"{path} is no dataset ({reason}): make it anew with python3 -m kalshi.build_dataset") from None
    if found != FORMAT:
        raise DataError(f"{path} has format {found}, this code reads {FORMAT}: make it anew")
    return table, about


