"""The kill switch: files that stop jobs, also when the database does not work, and locks the desk looks at.

`STOP` in the data directory stops every trading job of every mode, `STOP.<job>` one of them; the text in the
file is the reason. A lock in the store of a mode also stops the next order of a job that already runs; one of
mode reduce_only lets cancels and closing orders through.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from kalshi.atomic import write_atomically
from kalshi.config import Config
from kalshi.errors import ConfigError, StoppedBySwitch
from kalshi.runtime.clock import new_york_text
from kalshi.runtime.files import DATA_FIX, existing_store, store_place, writable_directory
from kalshi.runtime.registry import jobs
from kalshi.runtime.run import Run

EVERYTHING = "all"  # the scope of a lock on every order


def stop_file(data_dir: Path, job: str = "") -> Path:
    """Return the path of the file that stops *job*, or every job when it is empty."""
    return data_dir / (f"STOP.{job}" if job else "STOP")


def check_switch(run: Run) -> None:
    """Raise StoppedBySwitch, with reason and remedy, when a person stopped this job or all of them."""
    for path in (stop_file(run.config.data_dir), stop_file(run.config.data_dir, run.job)):
        if path.exists():
            raise StoppedBySwitch(
                f"stopped by {path} ({_reason(path)}): remove it, or run `python -m kalshi control resume`"
            )


def stop(config: Config, scope: str, reason: str, at: datetime) -> str:
    """Stop *scope* from now on and return what was done, for a person.

    scope: empty for every job, the name of a job or strategy, or an event ticker (a lock for orders in that
    event only).
    """
    said = _said(reason, at)
    done = []
    if not _is_event(config, scope):
        path = stop_file(writable_directory(config.data_dir, "data directory", DATA_FIX), scope)
        write_atomically(path, said + "\n")
        done.append(str(path))
    with existing_store(store_place(config), make=_is_event(config, scope)) as store:
        if store is not None and store.lock(scope or EVERYTHING, said, set_at=at):
            done.append(f"a lock in the {config.mode} database")
    return f"{scope or 'every job'} is stopped by {' and '.join(done) or 'the lock that was there before'}"


def reduce_only(config: Config, scope: str, reason: str, at: datetime) -> str:
    """Let *scope*, as for `stop`, only cancel and close from now on; return what was done, for a person.

    It is a lock in the database of the mode, seen by every process before its next order.
    """
    from kalshi.store.schema import REDUCE_ONLY

    _is_event(config, scope)
    writable_directory(config.data_dir, "data directory", DATA_FIX)
    with existing_store(store_place(config), make=True) as store:
        assert store is not None  # made where it was not there
        new = store.lock(scope or EVERYTHING, _said(reason, at), set_at=at, mode=REDUCE_ONLY)
    if not new:
        return f"{scope or 'every job'} was restricted before, as strictly or more: nothing changed"
    return f"{scope or 'every job'} may only cancel and close: a lock in the {config.mode} database"


def resume(config: Config, scope: str) -> str:
    """Take back stop file and locks of *scope*, also those that were not set by a person; return what was done."""
    done = []
    path = stop_file(config.data_dir, scope)
    if not _is_event(config, scope) and path.exists():
        path.unlink()
        done.append(f"removed {path}")
    for name, place in ((config.mode, store_place(config)), ("SAMPLE", store_place(config, sample=True))):
        with existing_store(place) as store:
            if store is not None and store.unlock(scope or EVERYTHING):
                done.append(f"removed the lock in the {name} database")
    return f"{scope or 'every job'}: {' and '.join(done) or 'was not stopped, nothing to do'}"


def _said(reason: str, at: datetime) -> str:
    return f"{reason or 'no reason given'} (set {new_york_text(at)})"


def _is_event(config: Config, scope: str) -> bool:
    """Return whether *scope* is an event ticker; raise ConfigError when it is no job or strategy either."""
    if not scope:
        return False
    names = [job.name for job in jobs()]
    if scope in names:
        return False
    if "-" in scope and scope == scope.upper():
        return True
    with existing_store(store_place(config)) as store:
        traded = store.strategies() if store is not None else []
    if scope in traded:
        return False
    known = ", ".join(dict.fromkeys([*names, *traded]))
    raise ConfigError(
        f"{scope!r} is neither a job or strategy ({known}) nor an event ticker such as KXTSAW-26OCT11"
    )


def stopped(data_dir: Path) -> list[tuple[str, str]]:
    """Return who is stopped and why: (job, or "every job"; reason), in the order of their names."""
    found = sorted([*data_dir.glob("STOP"), *data_dir.glob("STOP.*")])
    return [(path.name.removeprefix("STOP").lstrip(".") or "every job", _reason(path)) for path in found]


def _reason(path: Path) -> str:
    try:
        return " ".join(path.read_text(encoding="utf-8", errors="replace").split())[:200] or "no reason given"
    except OSError:
        return "reason can not be read"
