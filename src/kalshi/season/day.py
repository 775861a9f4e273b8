"""A whole trading day: what cron would start, started as cron would, against one served paper exchange.

The market stands by for the scripts: its clock goes from one start of crontab.example to the next, every minute
of quotes and trades in between as fast as it can, and stands still while scripts run. So a day takes a minute
or two, and what the scripts see does not depend on how busy this machine is.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from pathlib import Path

import requests

from kalshi.config import PROJECT_ROOT
from kalshi.errors import ConfigError, KalshiError
from kalshi.exchange.hosts import API_PATH
from kalshi.season.cron import NEW_YORK, SCRIPT, Start, read_crontab, starts_on

INDEX_JOBS = (
    "morning", "main", "midday", "sp_daily_every_10_minutes", "nasdaq_daily_every_10_minutes", "before_close",
    "afternoon",
)  # fmt: skip
BEFORE_FIRST = timedelta(minutes=5)  # the exchange opens this long before the first start
PAID_AFTER_CLOSE = timedelta(minutes=31)
SCRIPT_TIMEOUT_S, SERVER_TIMEOUT_S = 300, 300
PASSED_ON = re.compile(r"KALSHI_(MAX_\w+|PAPER_BALANCE)")


@dataclass(frozen=True)
class DayPlan:
    """What is to be started, and what is not, with the reason, by job."""

    day: date
    starts: list[Start]
    left_out: dict[str, str]


@dataclass(frozen=True)
class Started:
    """One start of one script and what came of it. seconds: of the wall; log: what cron would have put into $LOG."""

    start: Start
    exit_code: int
    seconds: float
    log: str


@dataclass(frozen=True)
class Place:
    """Where one day lives: its data directory (exchange, store, key), reports and logs."""

    root: Path

    @property
    def data(self) -> Path:
        """The scripts' data directory."""
        return self.root / "data"

    @property
    def state(self) -> Path:
        """The exchange's state file; beside it the key, where paper mode looks for it."""
        return self.data / "paper.sqlite"

    @property
    def store(self) -> Path:
        """The scripts' own record."""
        return self.data / "kalshi_paper.db"


@dataclass(frozen=True)
class Exchange:
    """The served exchange as the day sees it. origin: such as http://127.0.0.1:8765."""

    origin: str

    @property
    def api_base(self) -> str:
        """Its API."""
        return f"{self.origin}{API_PATH}"

    @property
    def index_url(self) -> str:
        """The index behind its ladders."""
        return f"{self.origin}/simulated/index"

    def go_to(self, moment: datetime) -> None:
        """Bring the market to *moment* (aware); returns when it is there."""
        told = {"do": "clock", "to": moment.astimezone(UTC).isoformat()}
        try:
            requests.post(f"{self.origin}/control", json=told, timeout=SERVER_TIMEOUT_S).raise_for_status()
            # The feed catches up before a request is answered: this one waits for it, so that no script has to.
            requests.get(f"{self.api_base}/exchange/status", timeout=SERVER_TIMEOUT_S).raise_for_status()
        except requests.RequestException as error:
            raise KalshiError(f"the exchange of the simulated day can not go on to {moment}: {error}") from None


def plan_day(crontab: Path, day: date, *, until: datetime | None = None) -> DayPlan:
    """Return what *crontab* starts on *day* for the index events, up to *until* (inclusive, default midnight)."""
    lines = read_crontab(crontab)
    starts = [s for s in starts_on(lines, day) if s.job in INDEX_JOBS and (until is None or s.at <= until)]
    others = {line.job for line in lines} - set(INDEX_JOBS)
    return DayPlan(day, starts, dict.fromkeys(sorted(others), "has no part in the index events"))


@contextmanager
def served_exchange(place: Place, *, seed: int, start: datetime) -> Iterator[Exchange]:
    """Serve the simulated exchange in a process of its own, its clock standing at *start*, for the block."""
    place.data.mkdir(parents=True, exist_ok=True)
    options = ["--state", str(place.state), "--port", "0", "--feed", "simulated", "--events", "inx,ndx"]
    moment = f"{start.astimezone(NEW_YORK):%Y-%m-%dT%H:%M}"
    process = subprocess.Popen(
        [sys.executable, "-m", "kalshi.paper", *options, "--seed", str(seed), "--clock", "stepped", "--date", moment],
        env=environment(place, {"PYTHONPATH": str(PROJECT_ROOT / "src")}),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        found = [re.fullmatch(r"base URL: (.*)" + re.escape(API_PATH), line.strip()) for line in _until_paper(process)]
        origin = next((one[1] for one in found if one), None)
        if origin is None:
            raise KalshiError("the exchange of the simulated day did not start: its own messages say why")
        yield Exchange(origin)
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def _until_paper(process: subprocess.Popen[str]) -> Iterator[str]:
    """Yield what the exchange says when it starts; its last line begins with PAPER."""
    assert process.stdout is not None
    for line in process.stdout:
        yield line
        if line.startswith("PAPER"):
            return


def environment(place: Place, more: Mapping[str, str]) -> dict[str, str]:
    """Return what a script of the day gets: little, as from cron; this machine's limits, none of its keys."""
    kept = {name: value for name, value in os.environ.items() if PASSED_ON.fullmatch(name)}
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(place.root),
        "LANG": "C.UTF-8",
        "KALSHI_MODE": "paper",
        "KALSHI_ENV_FILE": os.devnull,
        "KALSHI_OFFLINE": "true",
        "KALSHI_DATA_DIR": str(place.data),
        "KALSHI_REPORT_DIR": str(place.root / "reports"),
        **kept,
        **more,
    }


def command_at(start: Start, options: Mapping[str, str]) -> str:
    """Return cron's command line with the simulated time, and *options* of the job, behind the script's name."""
    more = f"--date {start.at:%Y-%m-%dT%H:%M} {options.get(start.job, '')}".rstrip()
    return SCRIPT.sub(lambda found: f"{found[0]} {more}", start.command, count=1)


def check_options(options: Mapping[str, str]) -> None:
    """Raise ConfigError for options of a job that is not part of the day, or that no shell could read."""
    for job, text in options.items():
        if job not in INDEX_JOBS:
            raise ConfigError(f"--with {job!r}: choose one of {', '.join(INDEX_JOBS)}")
        try:
            words = shlex.split(text)
        except ValueError as error:
            raise ConfigError(f"--with {job} {text!r}: {error}") from None
        if shlex.join(words) != text:
            raise ConfigError(f"--with {job} {text!r}: give plain options, such as {job!r} '--dry-run'")


def run_day(
    plan: DayPlan,
    exchange: Exchange,
    place: Place,
    *,
    options: Mapping[str, str],
    before: Callable[[datetime], object],
    progress: Callable[[str], object],
) -> list[Started]:
    """Start everything of *plan* at its time, equal times together, and return what came of each start.

    before: called with the market's time ahead of each minute's starts.
    """
    done: list[Started] = []
    for number, (at, group) in enumerate(groupby(plan.starts, key=lambda start: start.at), start=1):
        exchange.go_to(at)
        before(at)
        ended = _together(list(group), exchange, place, options)
        done += ended
        names = ", ".join(f"{one.start.job} {one.exit_code}" for one in ended)
        progress(f"{at:%H:%M} ({number}) {names}")
    return done


def _together(
    starts: Sequence[Start], exchange: Exchange, place: Place, options: Mapping[str, str]
) -> list[Started]:
    """Run the commands of one minute in shells, side by side as cron does."""
    began = time.monotonic()
    running = []
    for number, start in enumerate(starts):
        log = place.root / "logs" / f"{start.at:%H%M}_{number}_{start.job}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        env = environment(
            place,
            {
                "CRON_TZ": str(NEW_YORK),
                "KALSHI": str(PROJECT_ROOT),
                "PYTHON": sys.executable,
                "LOG": str(log),
                "KALSHI_API_BASE": exchange.api_base,
                "KALSHI_INDEX_URL": exchange.index_url,
            },
        )
        process = subprocess.Popen(
            ["sh", "-c", command_at(start, options)], env=env, stdin=subprocess.DEVNULL, start_new_session=True
        )
        running.append((start, log, process))
    ended = []
    try:
        for start, log, process in running:
            code = _exit_code(process)
            text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
            ended.append(Started(start, code, time.monotonic() - began, text))
    finally:
        for _, _, process in running:
            if process.poll() is None:  # the day was interrupted
                _kill(process)
    return ended


def _exit_code(process: subprocess.Popen[bytes]) -> int:
    """Return the exit code of a shell; one that takes too long is killed with what it started."""
    try:
        return process.wait(timeout=SCRIPT_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        _kill(process)
        return process.wait()


def _kill(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
