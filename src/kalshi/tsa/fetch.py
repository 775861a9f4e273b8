"""Bring the counts up to date: tsa.gov, else the local cache, else (in paper mode) the embedded sample.

Only the running year and years of which days are missing are read; last year is read again once a week until
June, because TSA restates it early in the year. Every page read is kept, compressed, with its time, since
tomorrow's page can not tell what today's said. A page that is refused leaves the cache as it was.
"""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import numpy as np
import requests
import urllib3

from kalshi.atomic import write_atomically
from kalshi.config import Config
from kalshi.errors import ConfigError, DataError, StaleDataError, StoreError
from kalshi.exchange.hosts import is_loopback
from kalshi.tsa.known import Known
from kalshi.tsa.page import parse_page
from kalshi.tsa.release_calendar import newest_expected_day
from kalshi.tsa.sample_counts import SAMPLE_SEED, sample_vintages
from kalshi.tsa.vintages import Vintages
from kalshi.tsa.weeks import NEW_YORK, new_york_date

FIRST_YEAR = 2019
ATTEMPTS = 3
TIMEOUT_S = (3.05, 8.0)  # connect, read
BACKOFF_S = (1.0, 3.0)
BUDGET_S = {"paper": 20.0, "demo": 60.0, "live": 60.0}  # for all pages together
KEPT_PAGES = 120
SETTLED_BY = 10  # of January: until then last year's page may be incomplete
RESTATED_UNTIL_MONTH, RESTATED_EVERY = 6, timedelta(days=7)
LARGEST_PAGE = 5_000_000  # bytes
MOST_REDIRECTS = 5
ODDEST = 0.5, 1.6  # of the median of the four weeks before
# The site answers 403 to clients that do not look like a browser.
HEADERS = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/126.0 Safari/537.36",
    "Accept": "text/html,application/xhtml+xml",
    "Accept-Language": "en-US,en;q=0.9",
    "Cache-Control": "no-cache",
}


@dataclass(frozen=True)
class FetchResult:
    """Counts and where they came from: `tsa.gov`, `cache` or `SAMPLE`.

    as_of: aware UTC, the moment asked about. new_days: days first seen by this read. notes: for the report.
    stale: why the counts are too old, or too odd, to trade on; None where they are not.
    """

    source: str
    vintages: Vintages
    as_of: datetime
    notes: tuple[str, ...] = ()
    new_days: tuple[date, ...] = ()
    stale: str | None = None

    @property
    def known(self) -> Known:
        """Return what was known at `as_of`."""
        return self.vintages.known(self.as_of)


def vintages_path(config: Config) -> Path:
    """Return the file that keeps the counts of this machine."""
    return config.data_dir / "tsa_vintages.csv"


def stale_reason(known: Known) -> str | None:
    """Return why the newest count is older than the release calendar allows, None where it is fresh."""
    expected = newest_expected_day(known.as_of)
    if not known.values.size:
        return f"no TSA count is known; {expected} should be"
    if known.newest_day >= expected:
        return None
    when = known.as_of.astimezone(NEW_YORK)
    return (
        f"the newest TSA count is of {known.newest_day}, but by {when:%a %Y-%m-%d %H:%M} New York time "
        f"that of {expected} should be out"
    )


def implausible_reason(known: Known) -> str | None:
    """Return which count of the last two weeks can hardly be right, None where all can.

    Since 2022 no day was below 0.57 or above 1.46 times the median of the four weeks before it: beyond these
    bounds it is a misprint, or a world in which the models' past errors say nothing.
    """
    for ordinal in range(known.newest - 13, known.newest + 1):
        value = float(known.at(np.array([ordinal]))[0])
        before = known.at(np.arange(ordinal - 28, ordinal))
        if np.isnan(value) or np.isnan(before).any():
            continue
        usual = float(np.median(before))
        if not ODDEST[0] <= value / usual <= ODDEST[1]:
            return (
                f"the TSA count of {date.fromordinal(ordinal)} is {value:,.0f}, far from the {usual:,.0f} "
                "of the weeks before: look at the page"
            )
    return None


def fetch_counts(
    config: Config,
    session: requests.Session | None,
    *,
    as_of: datetime | None,
    clock: Callable[[], datetime] = lambda: datetime.fromtimestamp(time.time(), UTC),
    sleep: Callable[[float], None] = time.sleep,
    offline: bool = False,
) -> FetchResult:
    """Return the counts for a decision at *as_of* (aware), reading tsa.gov unless *offline*.

    as_of: None decides as soon as the pages are read, and so with what they say.
    clock: the real time of the reading, aware; it may be later than a simulated *as_of*, which then does not
    see what is read. Paper mode falls back to the cache and then to the sample; demo and live use the cache
    while it is fresh by the release calendar and raise StaleDataError otherwise. Raises DataError for a
    corrupt cache, StoreError where pages can not be kept.
    """
    path = vintages_path(config)
    stored = Vintages.load(path)
    notes: list[str] = []
    if offline:
        notes.append("offline: tsa.gov was not asked")
    else:
        try:
            merged = _read_pages(config, session or requests.Session(), stored, clock, sleep)
        except DataError as error:
            notes.append(f"could not read tsa.gov: {error}")
        else:
            merged.save(path)
            return _from_site(stored, merged, as_of or clock())
    as_of = as_of or clock()
    known = stored.known(as_of)
    stale = stale_reason(known) or implausible_reason(known)
    if config.mode != "paper":
        if stale:
            raise StaleDataError("; ".join([*notes, f"the cache {path} is no help: {stale}: do not trade"]))
        return FetchResult("cache", stored, as_of, tuple(notes))
    if known.values.size and not stale:
        return FetchResult("cache", stored, as_of, tuple(notes))
    if stored.rows:
        notes.append(f"the cache is not used: {stale}")
    notes.append("SAMPLE: made-up counts of the embedded generator, not TSA's")
    return FetchResult("SAMPLE", sample_vintages(as_of, SAMPLE_SEED), as_of, tuple(notes))


def _from_site(stored: Vintages, merged: Vintages, as_of: datetime) -> FetchResult:
    before = {row.day for row in stored.rows}
    new_days = tuple(sorted({row.day for row in merged.rows} - before))
    known = merged.known(as_of)
    if new_days:
        note = f"tsa.gov: {len(new_days)} new days, newest {max(new_days)}"
    else:
        note = f"tsa.gov was read: no new day since {max(before, default='ever')}"
    return FetchResult("tsa.gov", merged, as_of, (note,), new_days, stale_reason(known) or implausible_reason(known))


def _read_pages(
    config: Config,
    session: requests.Session,
    stored: Vintages,
    clock: Callable[[], datetime],
    sleep: Callable[[float], None],
) -> Vintages:
    _check_url(config.tsa_url)
    started = clock()
    today = new_york_date(started)
    pages = config.data_dir / "tsa_pages"
    values: dict[date, int] = {}
    for page in _wanted(config, stored, pages, today):
        left = BUDGET_S[config.mode] - (clock() - started).total_seconds()
        try:
            body = _get(session, page.url, clock, sleep, left)
            try:
                found = parse_page(body, read_on=today, source=page.url)
                _check_against(stored, found, page)
            except DataError:
                _keep(pages, f"refused-{page.name}", body, clock())
                raise
        except DataError:
            if page.needed and not (page.settling and any(str(day.year) == page.name for day in values)):
                raise
            continue
        _keep(pages, page.name, body, clock())
        values |= found
    return stored.merge(values, clock())


@dataclass(frozen=True)
class _Page:
    """A page to read. needed: without it nothing is taken over.

    settling: last year's page in early January, which may not exist yet or still lack its last days; the bare
    address may show that year instead.
    """

    name: str
    url: str
    needed: bool = True
    settling: bool = False


def _wanted(config: Config, stored: Vintages, pages: Path, today: date) -> list[_Page]:
    """Return the running year's page, then those of finished years with gaps, or due for restatement."""
    base = config.tsa_url.rstrip("/")
    have: dict[int, int] = {}
    for day in {row.day for row in stored.rows}:
        have[day.year] = have.get(day.year, 0) + 1
    wanted = [_Page("current", base)]
    for year in range(FIRST_YEAR, today.year):
        complete = have.get(year, 0) == date(year, 12, 31).timetuple().tm_yday
        again = year == today.year - 1 and today.month <= RESTATED_UNTIL_MONTH and _due(pages, year, today)
        if not complete or again:
            settling = year == today.year - 1 and today <= date(today.year, 1, SETTLED_BY)
            needed = not complete and not (settling and bool(have.get(year)))
            wanted.append(_Page(str(year), f"{base}/{year}", needed, settling))
    return wanted


def _due(pages: Path, year: int, today: date) -> bool:
    newest = max((path.name for path in pages.glob(f"{year}-*.html.gz")), default="")
    stamp = newest.removeprefix(f"{year}-")[:8]
    try:
        return not stamp or date.fromisoformat(stamp) <= today - RESTATED_EVERY
    except ValueError:  # a file that somebody else put there
        return True


def _check_against(stored: Vintages, found: dict[date, int], page: _Page) -> None:
    name, url = page.name, page.url
    newest = max((row.day for row in stored.rows), default=date.min)
    first, last = min(found), max(found)
    if (first.month, first.day) != (1, 1):
        raise DataError(f"{url}: the table begins on {first}: a year begins on January 1")
    if name != "current" and first.year != int(name):
        raise DataError(f"{url}: holds {first}..{last} instead of {name}")
    if name != "current" and not page.settling and (last.month, last.day) != (12, 31):
        raise DataError(f"{url}: holds {first}..{last} instead of the whole year")
    if name == "current" and last < newest and last.year == newest.year:
        raise DataError(f"{url}: its newest day {last} is older than {newest}, seen before: a stale copy")


def _get(
    session: requests.Session,
    url: str,
    clock: Callable[[], datetime],
    sleep: Callable[[float], None],
    budget_s: float,
) -> bytes:
    started = clock()

    def left_s() -> float:
        return budget_s - (clock() - started).total_seconds()

    trouble = "no time left"
    for attempt in range(ATTEMPTS):
        if left_s() <= 0:
            break
        try:
            status, body = _answer(session, url, left_s)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            trouble = type(error).__name__  # ValueError: a redirect to what is no address
        else:
            if status == 200:
                return body
            trouble = f"HTTP {status}"
            if status in (400, 401, 404, 410):
                break  # repeating does not change these
        if attempt + 1 < ATTEMPTS:
            sleep(BACKOFF_S[attempt])
    raise DataError(f"{url}: {trouble}")


def _answer(session: requests.Session, url: str, left_s: Callable[[], float]) -> tuple[int, bytes]:
    """Return status and body behind *url*, following redirects within tsa.gov."""
    target = url
    for _ in range(MOST_REDIRECTS + 1):
        with session.get(target, headers=HEADERS, timeout=TIMEOUT_S, stream=True, allow_redirects=False) as answer:
            location = session.get_redirect_target(answer)
            if location is None:
                return answer.status_code, _body(answer, url, left_s)
            target = urljoin(target, location)
            if not _is_allowed(target):
                host = urlsplit(target).netloc[:80]
                raise DataError(f"{url}: leads to {host!r}, which is not tsa.gov: is a login page between?")
    raise DataError(f"{url}: leads from one page to the next without end")


def _body(answer: requests.Response, url: str, left_s: Callable[[], float]) -> bytes:
    body = b""
    # read1 returns what is there: a whole block of a page that drips in may take for ever.
    while part := answer.raw.read1(65_536, decode_content=True):
        body += part
        if len(body) > LARGEST_PAGE or left_s() < 0:
            raise DataError(f"{url}: the answer does not end")
    return body


def _keep(pages: Path, name: str, body: bytes, when: datetime) -> None:
    try:
        pages.mkdir(parents=True, exist_ok=True)
        path = pages / f"{name}-{when.astimezone(UTC):%Y%m%dT%H%M%SZ}.html.gz"
        write_atomically(path, gzip.compress(body))
        for old in sorted(pages.glob("*.html.gz"), key=lambda path: path.stat().st_mtime)[:-KEPT_PAGES]:
            old.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"{pages}: can not keep the page ({error}): check the directory's rights") from None


def _check_url(url: str) -> None:
    try:
        allowed = _is_allowed(url)
    except ValueError:
        allowed = False
    if not allowed:
        raise ConfigError(f"KALSHI_TSA_URL={url!r}: expected https on tsa.gov, or plain HTTP on loopback")


def _is_allowed(url: str) -> bool:
    """Return whether *url* may be read; ValueError where it is none."""
    parts = urlsplit(url)
    host, _ = parts.hostname or "", parts.port  # a port that can not be raises
    if parts.username is not None:
        return False
    if parts.scheme == "http" and is_loopback(url):
        return True
    return parts.scheme == "https" and (host == "tsa.gov" or host.endswith(".tsa.gov"))
