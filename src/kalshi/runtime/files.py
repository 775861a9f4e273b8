"""Directories and stores of a run: refused with one line when they can not be used."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from kalshi.config import Config
from kalshi.errors import ConfigError

if TYPE_CHECKING:
    from kalshi.store import Store
    from kalshi.store.place import Place

REPORT_FIX = "--report-dir or KALSHI_REPORT_DIR"
DATA_FIX = "--data-dir or KALSHI_DATA_DIR"


def with_data_dir(config: Config, directory: Path | None) -> Config:
    """Return *config* with the data directory that was named on the command line, if one was.

    In paper mode the directory then holds the whole world, record included: the exchange in it knows nothing of
    what another one did, which DATABASE_URL may be full of.
    """
    if directory is None:
        return config
    return replace(config, data_dir=directory, database_url="" if config.mode == "paper" else config.database_url)


def store_place(config: Config, *, sample: bool = False) -> Place:
    """Return where the record of this mode is: a file, or a schema of the database that DATABASE_URL names.

    Each mode has its own, so no paper order ever stands for a live one.
    sample: that of orders in made-up markets, apart from those of every mode.
    """
    from kalshi.store.place import Place

    name = "sample" if sample else config.mode
    if config.database_url:
        return Place.of(config.database_url, f"kalshi_{name}")
    return Place.of(config.data_dir / f"kalshi_{name}.db")


@contextmanager
def existing_store(place: Place, *, make: bool = False) -> Iterator[Store | None]:
    """Open the store at *place* for the block; None where there is none yet.

    make: create it then. Raises StoreError when it can not be used.
    """
    from kalshi.store import Store

    if not make and not Store.exists(place):
        yield None
        return
    store = Store.open(place)
    try:
        yield store
    finally:
        store.close()


def writable_directory(path: Path, what: str, fix: str) -> Path:
    """Return *path* as an existing directory that takes files.

    what, fix: for the message, such as "report directory" and "--report-dir or KALSHI_REPORT_DIR".
    Raises ConfigError when it can not be made or written.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        reason = error.strerror or error
        raise ConfigError(f"{what} {path} can not be written ({reason}): choose another with {fix}") from None
    return path
