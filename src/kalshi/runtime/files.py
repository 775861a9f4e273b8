"""Directories and files of a run: refused with one line when they can not be written, never half-written."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from kalshi.config import Config
from kalshi.errors import ConfigError

if TYPE_CHECKING:
    from kalshi.store import Store

SAMPLE_STORE = "kalshi_sample.db"
REPORT_FIX = "--report-dir or KALSHI_REPORT_DIR"
DATA_FIX = "--data-dir or KALSHI_DATA_DIR"


def store_path(config: Config) -> Path:
    """Return the database of this mode: each has its own, so no paper order ever stands for a live one."""
    return config.data_dir / f"kalshi_{config.mode}.db"


def sample_store_path(config: Config) -> Path:
    """Return where orders in made-up markets are recorded, apart from those of every mode."""
    return config.data_dir / SAMPLE_STORE


@contextmanager
def existing_store(path: Path, *, make: bool = False) -> Iterator[Store | None]:
    """Open the database *path* for the block; None where there is none yet.

    make: create it then. Raises StoreError when it can not be used.
    """
    if not path.exists() and not make:
        yield None
        return
    from kalshi.store import Store

    store = Store.open(path)
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


def _umask() -> int:
    mask = os.umask(0o077)  # it can only be read by setting it
    os.umask(mask)
    return mask


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write *content* (text as UTF-8) so that a reader finds the old or the new."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            os.fchmod(file.fileno(), 0o644 & ~_umask())
            file.write(content.encode("utf-8") if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
