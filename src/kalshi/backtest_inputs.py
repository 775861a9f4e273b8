"""Find what a backtest runs on: files, what was fetched before, the exchange, or the embedded SAMPLE."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from kalshi.backtest_options import Options
from kalshi.config import Config
from kalshi.errors import DataError, KalshiError
from kalshi.history.fetch import Fetched
from kalshi.research.trades import SAMPLE
from kalshi.runtime.run import Run
from kalshi.tsa.candle_store import TsaCandleStore
from kalshi.tsa.history_fetch import fetch_history
from kalshi.tsa.quotes import EventHistory, read_history
from kalshi.tsa.sample_counts import is_made_up
from kalshi.tsa.vintages import Vintages

NO_CANDLES = (
    "fetch candles with fetch_tsa_history on a machine with network, name files with --candles, or try --sample"
)
NO_COUNTS = (
    "fetch counts with get_recent_tsa_data on a machine with network, name a file with --counts, or try --sample"
)


NOTHING = "it says nothing about Kalshi"


@dataclass(frozen=True)
class Inputs:
    """Events and counts of one run. files: what was read, for checksums. notes: for the report."""

    events: list[EventHistory]
    vintages: Vintages
    source: str
    is_sample: bool
    files: list[Path]
    notes: list[str]

    @property
    def has_results(self) -> bool:
        """Whether the exchange's results are known; else outcomes follow from the counts."""
        return all(event.has_results for event in self.events)


def store_of(config: Config) -> TsaCandleStore:
    """Return the store of fetched history of this machine."""
    return TsaCandleStore(config.data_dir / "kxtsaw_history")


def fetch_into_store(run: Run, start: date, end: date, interval: int, progress: Callable[[str], object]) -> Fetched:
    """Fetch the events of the period from the exchange's public data; raises ExchangeError where it is silent."""
    from kalshi.connect import connect_public

    store = TsaCandleStore(run.data_dir / "kxtsaw_history")
    client = connect_public(run.config)
    try:
        return fetch_history(
            client, store, start=start, end=end, period_minutes=interval, now=run.started_at, progress=progress
        )
    finally:
        client.close()


def find_inputs(run: Run, options: Options) -> Inputs:
    """Return what *options* name, else what this machine has, else (in paper mode) the SAMPLE.

    Raises ConfigError or DataError naming what is missing and what to do.
    """
    assert options.start is not None and options.end is not None
    if options.sample:
        return _sample(options, ["--sample was given"])
    trouble: list[str] = []
    vintages = Vintages.from_shared(options.counts, options.first_prints) if options.counts else None
    events, files = _events(run, options, options.start, options.end, trouble)
    if events and vintages is None:
        vintages = _vintages(run, trouble)
    if events and vintages is not None:
        made_up = is_made_up(vintages)
        source = SAMPLE if made_up else "files" if options.candles else "fetched history"
        if made_up:
            trouble.append(f"SAMPLE: the counts are those of the embedded generator; {NOTHING}")
        if not options.counts:
            from kalshi.tsa.fetch import vintages_path

            files = [*files, vintages_path(run.config)]
        files = [*files, *(path for path in (options.counts, options.first_prints) if path)]
        return Inputs(events, vintages, source, made_up, files, trouble)
    if options.candles and not events:
        raise DataError(f"{options.candles} has no event whose Sunday lies in {options.start} .. {options.end}")
    if run.config.mode == "paper" and not options.candles and not options.counts:
        return _sample(options, trouble)
    raise DataError(f"{'; '.join(trouble)}: {NO_COUNTS if events else NO_CANDLES}")


def _sample(options: Options, why: list[str]) -> Inputs:
    from kalshi.tsa.sample_history import sample_history

    assert options.start is not None and options.end is not None
    events, vintages = sample_history(options.start, options.end, options.interval)
    if not events:
        raise DataError(f"no week ends in {options.start} .. {options.end}: choose a longer period")
    notes = [*why, f"SAMPLE: made-up counts and made-up quotes of the embedded generator; {NOTHING}"]
    return Inputs(events, vintages, SAMPLE, True, [], notes)


def _events(
    run: Run, options: Options, start: date, end: date, trouble: list[str]
) -> tuple[list[EventHistory], list[Path]]:
    if options.candles:
        found = read_history(options.candles, options.markets, start=start, end=end, interval=options.interval)
        return found, [path for path in (options.candles, options.markets) if path]
    store = store_of(run.config)
    if not store.event_tickers(start, end):
        if run.offline:
            trouble.append(f"offline, and no history of {start} .. {end} was fetched into {store.root}")
        else:
            try:
                fetch_into_store(run, start, end, options.interval, run.log.info)
            except KalshiError as error:
                trouble.append(
                    f"no history of {start} .. {end} in {store.root}, and the exchange was no help ({error})"
                )
    events = store.history(start, end, options.interval)
    if events and not any(market.candles for event in events for market in event.markets):
        trouble.append(f"{store.root} holds no candles of {options.interval} minutes for {start} .. {end}")
        events = []
    if not events and not trouble:
        trouble.append(f"the exchange lists no event from {start} to {end}")
    return events, store.files(start, end, options.interval) if events else []


def _vintages(run: Run, trouble: list[str]) -> Vintages | None:
    from kalshi.tsa.fetch import fetch_counts, vintages_path

    path = vintages_path(run.config)
    stored = Vintages.load(path)
    if stored.rows:
        return stored
    if run.offline:
        trouble.append(f"offline, and there are no TSA counts in {path}")
        return None
    try:
        found = fetch_counts(run.config, None, as_of=None, clock=run.clock)
    except KalshiError as error:
        trouble.append(str(error))
        return None
    if found.source == "SAMPLE":
        trouble += found.notes[:-1]
        return None
    return found.vintages
