"""Run the plans of a sweep in chunks: on this machine's cores or a Dask cluster, and on from where it was killed.

A chunk is a file of its own, written whole or not at all, under a folder named by everything that decides the
numbers: the tape, the grid and the code of the simulation. So a resumed sweep never mixes two of them.
"""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from kalshi.atomic import write_atomically
from kalshi.errors import ConfigError, StoreError
from kalshi.tsa import plan_table, replay_fast, tape, trading_plan
from kalshi.tsa.replay_fast import FastResult
from kalshi.tsa.sweep_grid import Grid
from kalshi.tsa.tape import Ints, Tape, TapeGroup, TapeWeek

CHUNK = 1000  # plans; large enough for numpy, small enough to lose little
COLUMNS = ("pnl", "contracts", "orders", "filled", "fees", "cost", "spread", "adverse", "forecast", "promised")
CONNECT_S = 10.0
Chunk = dict[str, Ints]
Progress = Callable[[int, int], object]


@dataclass(frozen=True, eq=False)
class Swept:
    """Everything all plans did: arrays (plans, weeks) in millionths of a dollar, and what was found on disk."""

    columns: Chunk
    resumed: int
    chunks: int


def run_sweep(
    tape_: Tape,
    grid: Grid,
    folder: Path,
    *,
    workers: int = 1,
    scheduler: str = "",
    progress: Progress = lambda a, b: None,
) -> Swept:
    """Return what the plans of *grid* do on *tape_*.

    folder: for the chunks. workers: processes on this machine; scheduler: of a Dask cluster, such as
    tcp://127.0.0.1:8786, whose workers can import this package. progress: called with (chunks done, all).
    Raises ConfigError where the scheduler does not answer, StoreError where *folder* can not be written.
    """
    home = folder / digest_of(tape_, grid)[:16]
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{home} can not be made ({error.strerror or error}): choose another folder") from None
    ranges = [range(start, min(start + CHUNK, grid.size)) for start in range(0, grid.size, CHUNK)]
    kept = {
        number: found for number, r in enumerate(ranges) if (found := _kept(home, number, len(r), tape_)) is not None
    }
    todo = [number for number in range(len(ranges)) if number not in kept]
    resumed = len(kept)
    progress(resumed, len(ranges))
    work = [(number, ranges[number]) for number in todo]
    computed = _on_cluster(tape_, grid, work, scheduler) if scheduler else _here(tape_, grid, work, workers)
    for number, chunk in computed:
        kept[number] = chunk
        _keep(home, number, chunk)
        progress(len(kept), len(ranges))
    parts = [kept[number] for number in range(len(ranges))]
    columns = {name: np.concatenate([part[name] for part in parts]) for name in COLUMNS}
    return Swept(columns, resumed, len(ranges))


def run_chunk(tape_: Tape, grid: Grid, numbers: range, number: int = 0) -> tuple[int, Chunk]:
    """Return (number, arrays) of the plans *numbers*; this is what a worker does."""
    result: FastResult = replay_fast.replay_fast(tape_, list(grid.plans(numbers)))
    return number, {name: getattr(result, name) for name in COLUMNS}


def digest_of(tape_: Tape, grid: Grid) -> str:
    """Return the SHA-256 of the tape, the grid and the simulation's own code, in hex."""
    seen = hashlib.sha256(repr((grid.as_json(), CHUNK)).encode())
    for module in (plan_table, replay_fast, tape, trading_plan):
        seen.update(Path(str(module.__file__)).read_bytes())
    _absorb(seen, tape_)
    return seen.hexdigest()


def tape_digest(tape_: Tape) -> str:
    """Return the SHA-256 of the tape alone, in hex."""
    seen = hashlib.sha256()
    _absorb(seen, tape_)
    return seen.hexdigest()


def _absorb(seen: hashlib._Hash, value: object) -> None:
    if isinstance(value, np.ndarray):
        seen.update(repr((value.shape, value.dtype.str)).encode())
        seen.update(np.ascontiguousarray(value).tobytes())
    elif isinstance(value, Tape | TapeWeek | TapeGroup):
        for one in fields(value):
            _absorb(seen, getattr(value, one.name))
    elif isinstance(value, tuple):
        seen.update(b"(")
        for part in value:
            _absorb(seen, part)
    else:
        seen.update(repr(value).encode())


def _here(tape_: Tape, grid: Grid, work: list[tuple[int, range]], workers: int) -> Iterator[tuple[int, Chunk]]:
    if workers <= 1 or len(work) <= 1:
        yield from (run_chunk(tape_, grid, numbers, number) for number, numbers in work)
        return
    from joblib import Parallel, delayed

    jobs = (delayed(run_chunk)(tape_, grid, numbers, number) for number, numbers in work)
    yield from Parallel(n_jobs=workers, return_as="generator_unordered")(jobs)


def _on_cluster(tape_: Tape, grid: Grid, work: list[tuple[int, range]], scheduler: str) -> Iterator[tuple[int, Chunk]]:
    from distributed import Client, as_completed

    try:
        client: Any = Client(scheduler, timeout=CONNECT_S, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, TimeoutError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ConfigError(f"--scheduler {scheduler}: no Dask scheduler answers ({reason}): start one there") from None
    with client:
        if not client.scheduler_info()["workers"]:
            raise ConfigError(f"--scheduler {scheduler} has no workers: start them with `dask worker {scheduler}`")
        shared = client.scatter(tape_, broadcast=True)
        futures = [client.submit(run_chunk, shared, grid, numbers, number, pure=False) for number, numbers in work]
        for future in as_completed(futures, loop=client.loop):  # type: ignore[no-untyped-call]
            yield future.result()


def _kept(home: Path, number: int, plans: int, tape_: Tape) -> Chunk | None:
    """Return a chunk computed before, None where there is none or the file is damaged."""
    try:
        with np.load(home / f"{number:05d}.npz", allow_pickle=False) as found:
            chunk = {name: found[name] for name in COLUMNS}
    except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile):
        return None
    return chunk if all(one.shape == (plans, len(tape_.weeks)) for one in chunk.values()) else None


def _keep(home: Path, number: int, chunk: Chunk) -> None:
    out = io.BytesIO()
    np.savez(out, **chunk)  # type: ignore[arg-type]
    try:
        write_atomically(home / f"{number:05d}.npz", out.getvalue())
    except OSError as error:
        raise StoreError(f"{home} can not be written ({error.strerror or error}): free or choose another") from None


def cores() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0))
