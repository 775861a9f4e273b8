"""Find what a backtest runs on: files, what was fetched before, the exchange, or the embedded SAMPLE."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from kalshi.backtest_options import Options
from kalshi.config import Config
from kalshi.errors import DataError, KalshiError
from kalshi.runtime.run import Run
from kalshi.tsa.candle_store import CandleStore
from kalshi.tsa.history_fetch import Fetched, fetch_history
from kalshi.tsa.quotes import EventHistory, read_history
from kalshi.tsa.vintages import Vintages

WHAT_TO_DO = (
    "fetch them with fetch_tsa_history on a machine with network, name files with --candles and --counts, "
    "or try --sample"
)


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


def store_of(config: Config) -> CandleStore:
    """Return the store of fetched history of this machine."""
    return CandleStore(config.data_dir / "kxtsaw_history")


def fetch_into_store(run: Run, start: date, end: date, interval: int, progress: Callable[[str], object]) -> Fetched:
    """Fetch the events of the period from the exchange's public data; raises ExchangeError where it is silent."""
    from kalshi.connect import connect_public

    store = CandleStore(run.data_dir / "kxtsaw_history")
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
    events, files = _events(run, options, options.start, options.end, trouble)
    vintages = _vintages(run, options, trouble) if events else None
    if events and vintages is not None:
        source = "files" if options.candles else "fetched history"
        if not options.counts:
            from kalshi.tsa.fetch import vintages_path

            files = [*files, vintages_path(run.config)]
        files = [*files, *(path for path in (options.counts, options.first_prints) if path)]
        return Inputs(events, vintages, source, False, files, trouble)
    if options.candles and not events:
        raise DataError(f"{options.candles} has no event whose Sunday lies in {options.start} .. {options.end}")
    if run.config.mode == "paper" and not options.candles and not options.counts:
        return _sample(options, trouble)
    raise DataError(f"{'; '.join(trouble)}: {WHAT_TO_DO}")


def _sample(options: Options, why: list[str]) -> Inputs:
    from kalshi.tsa.sample_history import sample_history

    assert options.start is not None and options.end is not None
    events, vintages = sample_history(options.start, options.end, options.interval)
    if not events:
        raise DataError(f"no week ends in {options.start} .. {options.end}: choose a longer period")
    notes = [*why, "SAMPLE: made-up counts and made-up quotes of the embedded generator; it says nothing about Kalshi"]
    return Inputs(events, vintages, "SAMPLE", True, [], notes)


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


def _vintages(run: Run, options: Options, trouble: list[str]) -> Vintages | None:
    if options.counts:
        return Vintages.from_shared(options.counts, options.first_prints)
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
