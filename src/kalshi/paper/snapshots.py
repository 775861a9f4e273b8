"""python -m kalshi.paper snapshot: keep a state of the paper exchange for later, and go back to it.

A snapshot is a state file of its own: one consistent moment, also while a server trades. Loading replaces every
record in one transaction; a server that uses the state answers from the snapshot from the next request on.
The private key is not in it: an account answers to the key that it had when the snapshot was made.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sqlite3
import sys
from pathlib import Path

from kalshi.config import load_config
from kalshi.errors import ConfigError, KalshiError, StoreError
from kalshi.paper.state import READABLE

LOCK_WAIT_S = 30.0


def save_snapshot(state: Path, target: Path) -> None:
    """Copy *state* as it is now into *target*, which appears complete or not at all.

    Raises StoreError when *state* is no state file, *target* exists, or the disk does not do it.
    """
    _check(state)
    if target.exists():
        raise StoreError(f"snapshot {target} exists already: choose another name or move it away")
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.closing(_open(state)) as source, contextlib.closing(sqlite3.connect(part)) as copy:
            source.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")
        descriptor = os.open(part, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
        os.replace(part, target)
    except (sqlite3.Error, OSError) as error:
        part.unlink(missing_ok=True)
        raise StoreError(f"snapshot {target} can not be written ({error}): check the directory") from None


def load_snapshot(snapshot: Path, state: Path) -> None:
    """Replace everything in *state* by *snapshot*, at once; *state* is made where there is none.

    Raises StoreError when *snapshot* is no state file, or *state* can not be written; then nothing changed.
    """
    version = _check(snapshot)
    if state.exists():
        _check(state)
    else:
        state.parent.mkdir(parents=True, exist_ok=True)
    try:
        with contextlib.closing(_open(state)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("ATTACH DATABASE ? AS kept", (str(snapshot),))
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(
                "CREATE TABLE IF NOT EXISTS main.records "
                "(kind TEXT NOT NULL, key TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (kind, key)) WITHOUT ROWID"
            )
            connection.execute("DELETE FROM main.records")
            connection.execute("INSERT INTO main.records SELECT kind, key, body FROM kept.records")
            connection.execute(f"PRAGMA main.user_version={version}")
            connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise StoreError(f"paper state {state} can not be replaced ({error}): free it and try again") from None


def main(argv: list[str]) -> int:
    """Save or load; return the exit code."""
    build = argparse.ArgumentParser(prog="python -m kalshi.paper snapshot", description=__doc__, allow_abbrev=False)
    build.formatter_class = argparse.RawDescriptionHelpFormatter
    build.add_argument("do", choices=("save", "load"), help="save the state into FILE, or load FILE into the state")
    build.add_argument("file", type=Path, metavar="FILE", help="the snapshot")
    build.add_argument("--state", type=Path, metavar="FILE", help="state file; default paper.sqlite in KALSHI_DATA_DIR")
    arguments = build.parse_args(argv)
    try:
        state = arguments.state or load_config(mode="paper").data_dir / "paper.sqlite"
        if state.resolve() == arguments.file.resolve():
            raise ConfigError(f"{state} is the state itself: name another file for the snapshot")
        act = save_snapshot if arguments.do == "save" else load_snapshot
        first, second = (state, arguments.file) if arguments.do == "save" else (arguments.file, state)
        act(first, second)
        print(f"{first} -> {second}")
    except KalshiError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def _open(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=LOCK_WAIT_S, isolation_level=None)


def _check(path: Path) -> int:
    """Return the format of a state file; refuse any other file without touching it."""
    if not path.is_file():
        raise StoreError(f"there is no state file {path}")
    try:
        with contextlib.closing(_open(path)) as connection:
            version = int(connection.execute("PRAGMA user_version").fetchone()[0])
            connection.execute("SELECT kind, key, body FROM records LIMIT 1").fetchone()
    except sqlite3.Error as error:
        raise StoreError(f"{path} is no state file of the paper exchange ({error})") from None
    if version not in READABLE:
        raise StoreError(f"{path} has format {version}, which this version does not read")
    return version
