"""Kill, break and repeat: `python campaign.py --kills 1000 --seed 7 [--postgresql]`; exit code 1 on any finding.

An episode is one trading day in a folder of its own. The hammer and the index scripts are killed at random moments and
at every kind of boundary (before and after an fsync, a send, a receive), started again, twice at once and in two
lanes that race for one limit, while answers get lost and garbled, prices move, and the exchange itself is killed.
Then every run is repeated to its end, the store is reconciled, and both sides are compared.
"""

from __future__ import annotations

import argparse
import json
import random
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path

if not __package__:  # started by path
    sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[2] / "src")]

from databases import new_database
from kalshi.connect import paper_credentials
from kalshi.store import Store
from kalshi.store import place as store_place
from kalshi.trading.intents import client_order_id
from torture import examine, hammer
from torture.place import INDEX_EVENT, LIMITS, SESSION, Ended, Place, compiled

Progress = Callable[[str], None]
D = Decimal
BLANKET = D(5)
EVENT_LIMIT = D(LIMITS["KALSHI_MAX_EVENT_COST"])
ROUNDS, INDEX_ROUNDS = 14, 3  # kills of each lane in a tick, and of each index script
ORDERS = 5
FAULTS = 40
UNCOUNTED = 40  # boundaries a script is taken to have before it was counted
AGAIN = 8  # attempts to bring a run to its end while answers get lost
WELL, UNKNOWN = (0,), 6
EXPECTED = (0, 3, 4, UNKNOWN)  # done, exchange not answering, already running, an order left unknown
DAY: tuple[tuple[str, timedelta, tuple[str, ...]], ...] = (
    ("hammer", timedelta(minutes=6), ()),
    ("morning", timedelta(minutes=10), ("--count", str(BLANKET))),
    ("sp_daily_every_10_minutes", timedelta(minutes=40), ()),
    ("hammer", timedelta(minutes=60), ()),
    ("sp_daily_every_10_minutes", timedelta(minutes=90), ()),
    ("midday", timedelta(hours=2, minutes=35), ()),
    ("hammer", timedelta(hours=4), ()),
    ("afternoon", timedelta(hours=6, minutes=21), ()),
)


@dataclass
class Tally:
    """What a campaign did and found."""

    seed: int
    database: str
    kills: int = 0
    at_boundaries: int = 0
    runs: int = 0
    exchange_kills: int = 0
    faults: int = 0
    intended: int = 0
    orders: int = 0
    fills: int = 0
    checks: int = 0
    episodes: int = 0
    duplicates: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    breaches: list[str] = field(default_factory=list)
    crashes: list[str] = field(default_factory=list)

    @property
    def bad(self) -> bool:
        """Whether a promise was broken."""
        return bool(self.duplicates or self.lost or self.breaches or self.crashes)

    def take(self, found: examine.Findings, where: str) -> None:
        """Add what a check found."""
        self.checks += 1
        for name in ("duplicates", "lost", "breaches"):
            getattr(self, name).extend(f"{where}: {what}" for what in getattr(found, name))

    def text(self) -> str:
        """Return the report for people."""
        rows = [
            ("seed", self.seed), ("database", self.database), ("episodes", self.episodes), ("runs", self.runs),
            ("kills", f"{self.kills}, {self.at_boundaries} of them at a boundary"),
            ("kills of the exchange", self.exchange_kills), ("faults met", self.faults), ("checks", self.checks),
            ("orders intended", self.intended), ("orders on the exchange", f"{self.orders}, {self.fills} fills"),
            ("duplicates (must be 0)", len(self.duplicates)), ("lost (must be 0)", len(self.lost)),
            ("limit breaches (must be 0)", len(self.breaches)), ("crashes (must be 0)", len(self.crashes)),
        ]  # fmt: skip
        problems = [*self.duplicates, *self.lost, *self.breaches, *self.crashes]
        return "\n".join([*(f"{name:28}{value}" for name, value in rows), *problems])


@dataclass
class Habits:
    """What earlier runs that ended well took, by script and lane: seconds, and boundaries passed."""

    seconds: dict[str, float] = field(default_factory=dict)
    boundaries: dict[str, int] = field(default_factory=dict)
    turns: dict[str, int] = field(default_factory=dict)

    def learn(self, name: str, ended: Ended) -> None:
        """Take over one run."""
        self.seconds[name] = ended.seconds
        self.boundaries[name] = max(ended.counted, self.boundaries.get(name, 0))

    def next_boundary(self, name: str) -> tuple[int, bool]:
        """Return the boundary to die at and whether after it was passed: one after the other."""
        known, turn = self.boundaries.get(name, UNCOUNTED), self.turns.get(name, 0)
        self.turns[name] = turn + 1
        return turn // 2 % known + 1, turn % 2 == 1


class Episode:
    """One day of killing in one folder."""

    def __init__(
        self, place: Place, open_store: Callable[[], Store], tally: Tally, habits: Habits, enough: int
    ) -> None:
        self.place, self.open_store, self.tally, self.habits, self.enough = place, open_store, tally, habits, enough
        self.chance = place.chance
        self.intended: set[str] = set()

    def live(self) -> None:
        """Go through the day until its scripts are done or enough was killed, then settle and compare."""
        place = self.place
        place.at(SESSION[0] + DAY[0][1])
        place.prepare()
        place.serve(FAULTS)
        for number, (script, after_open, arguments) in enumerate(DAY):
            if self.done:
                break
            if number:
                self.exchange_again(SESSION[0] + after_open)
            if script == "hammer":
                tick = ("--seed", str(self.tally.seed), "--tick", str(number), "--orders", str(ORDERS))
                self.torture(script, tick, number)
            else:
                self.torture(script, arguments)
        self.settle()

    @property
    def done(self) -> bool:
        """Whether this campaign has killed enough, or found something."""
        return self.tally.kills >= self.enough or self.tally.bad

    def torture(self, script: str, arguments: tuple[str, ...], tick: int | None = None) -> None:
        """Kill *script* a few times, start it twice at once, and bring it to its end."""
        lanes = ("a", "b") if script == "hammer" else ("",)
        for _ in range(INDEX_ROUNDS if tick is None else ROUNDS):
            self.kill_once(script, arguments, lanes)
            self.check(f"{script} {tick}")
        if tick is not None and self.chance.random() < 0.4:
            self.exchange_again(self.place.now())
        self.side_by_side(script, arguments, lanes)
        for lane in lanes:
            self.complete(script, arguments, lane)
            if tick is not None:
                self.intended |= {
                    client_order_id(one)
                    for one in hammer.planned(self.tally.seed, tick, lane, ORDERS, SESSION[0].date())
                }
        self.check(f"{script} {tick}")

    def kill_once(self, script: str, arguments: tuple[str, ...], lanes: tuple[str, ...]) -> None:
        """Start a run of each lane and kill each at a boundary or at some moment; prices move meanwhile."""
        started = []
        for lane in lanes:
            kill_at, after = self.habits.next_boundary(script + lane) if self.chance.random() < 0.6 else (0, False)
            process = self.place.start(script, *arguments, lane=lane, kill_at=kill_at, after=after)
            started.append((lane, kill_at > 0, process))
        usual_s = max(self.habits.seconds.get(script + lane, 2.0) for lane in lanes)
        if self.chance.random() < 0.5:
            time.sleep(self.chance.uniform(0, usual_s))
            self.place.move()
        for lane, at_boundary, process in started:
            wait = 0.0 if at_boundary else self.chance.uniform(0.3, 1.1 * usual_s)
            ended = self.place.finish(process, script, lane, kill_after_s=wait)
            self.took_part(script + lane, ended, at_boundary)

    def side_by_side(self, script: str, arguments: tuple[str, ...], lanes: tuple[str, ...]) -> None:
        """Start the same run twice at once, and the other lane with it; kill one of them on the way."""
        started = [(lane, self.place.start(script, *arguments, lane=lane)) for lane in (*lanes, lanes[0])]
        self.place.move()
        for number, (lane, process) in enumerate(started):
            wait = self.chance.uniform(0.3, 2.0) if number == 0 else 0.0
            self.took_part(script + lane, self.place.finish(process, script, lane, kill_after_s=wait), False)

    def complete(self, script: str, arguments: tuple[str, ...], lane: str) -> None:
        """Repeat a run until it ends well."""
        said = ""
        for _ in range(AGAIN):
            ended = self.place.finish(self.place.start(script, *arguments, lane=lane), script, lane)
            self.took_part(script + lane, ended, False)
            if ended.code in WELL:
                return
            if ended.code == UNKNOWN:  # the next cron tick comes minutes later: then what may arrive has arrived
                self.exchange_again(self.place.now() + timedelta(minutes=2))
            said = ended.said
        self.tally.crashes.append(f"{script} {lane} did not end well in {AGAIN} attempts: {said[-1500:]}")

    def took_part(self, name: str, ended: Ended, at_boundary: bool) -> None:
        """Count one process and what it tells about the next ones."""
        self.tally.runs += 1
        if ended.killed:
            self.tally.kills += 1
            self.tally.at_boundaries += at_boundary
        elif ended.code not in EXPECTED or "Traceback" in ended.said:
            self.tally.crashes.append(f"{name} ended with {ended.code}: {ended.said[-3000:]}")
        if ended.code == 0:
            self.habits.learn(name, ended)

    def exchange_again(self, moment: object) -> None:
        """Kill the exchange and start it again, at *moment* and with new faults."""
        self.place.stop_serving(kill=True)
        self.place.at(moment)  # type: ignore[arg-type]
        self.place.serve(FAULTS)
        self.place.move()

    def check(self, where: str) -> None:
        """Compare both sides as they stand now."""
        with self.both_sides() as (world, account, store):
            limits = {hammer.EVENT: EVENT_LIMIT, INDEX_EVENT: EVENT_LIMIT}
            found = examine.while_trading(world, account, store, limits, BLANKET, INDEX_EVENT)
        self.tally.take(found, f"episode {self.tally.episodes}, {where}")

    def settle(self) -> None:
        """Let the network be good and time pass, reconcile, and compare everything."""
        self.place.stop_serving(kill=False)
        self.place.at(self.place.now() + timedelta(minutes=3))
        self.place.serve(0)
        for _ in range(2):
            self.complete("hammer", ("--orders", "0"), "a")
        with self.both_sides() as (world, account, store):
            found = examine.when_settled(world, account, store, self.intended)
            locks = store.locks(self.place.now())
            told = examine.counts(world, account)
            self.tally.intended += len(store.orders())
        found.lost += [f"still locked: {scope}: {reason}" for scope, reason in locks.items()]
        self.tally.take(found, f"episode {self.tally.episodes}, settled")
        self.tally.orders, self.tally.fills = self.tally.orders + told["orders"], self.tally.fills + told["fills"]
        self.place.stop_serving(kill=False)

    @contextmanager
    def both_sides(self) -> Iterator[tuple[object, str, Store]]:
        """Open exchange and store beside those who trade."""
        store, exchange = self.open_store(), self.place.open()
        try:
            with exchange.view() as world:
                yield world, paper_credentials(self.place.state).key_id, store
        finally:
            exchange.close()
            store.close()


def campaign(
    kills: int, seed: int, folder: Path, *, postgresql: bool = False, progress: Progress = print
) -> Tally:
    """Live through episodes until so many processes were killed; return the tally. folder: for what is kept.

    postgresql: every episode makes and drops a database of its own on the server that TEST_POSTGRES_URL names.
    """
    tally = Tally(seed, "PostgreSQL" if postgresql else "SQLite")
    chance = random.Random(seed)
    preload, habits = compiled(folder), Habits()
    while tally.kills < kills and not tally.bad:
        home = folder / f"episode-{tally.episodes}"
        home.mkdir()
        with new_database() if postgresql else nullcontext("") as database:
            place = Place(home, preload, chance, database=database)
            where = store_place.Place.of(database or home / "kalshi_paper.db", "kalshi_paper")
            try:
                Episode(place, partial(Store.open, where), tally, habits, kills).live()
            finally:
                place.stop_serving(kill=True)
                tally.faults += place.faults
                tally.exchange_kills += place.exchange_kills
        tally.episodes += 1
        if not tally.bad:
            shutil.rmtree(home)
        progress(f"episode {tally.episodes}: {tally.kills} of {kills} kills, {tally.runs} runs, {tally.faults} faults")
    return tally


def _say(text: str) -> None:
    print(text, flush=True)


def main() -> int:
    """Run a campaign from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    parser.add_argument("--postgresql", action="store_true", help="on the server of TEST_POSTGRES_URL; default SQLite")
    parser.add_argument("--json", type=Path, help="write the tally here, too")
    args = parser.parse_args()
    print(f"seed {args.seed}", flush=True)
    folder = Path(tempfile.mkdtemp(prefix="torture-"))
    tally = campaign(args.kills, args.seed, folder, postgresql=args.postgresql, progress=_say)
    print(tally.text())
    if args.json:
        args.json.write_text(json.dumps(asdict(tally), indent=1) + "\n")
    if tally.bad:
        print(f"what is left of it: {folder}")
    else:
        shutil.rmtree(folder)
    return 1 if tally.bad else 0


if __name__ == "__main__":
    raise SystemExit(main())
