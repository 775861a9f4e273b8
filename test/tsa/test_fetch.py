from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from time import sleep

import pytest
import requests

from kalshi.config import Config, load_config
from kalshi.errors import ConfigError, DataError, StaleDataError
from kalshi.tsa.fetch import fetch_counts, stale_reason, vintages_path
from kalshi.tsa.sample import sample_counts, sample_vintages
from kalshi.tsa.vintages import Vintages
from kalshi.tsa.weeks import new_york

NOW = new_york(date(2021, 5, 4), 12)  # a Tuesday: Monday's count is out
COUNTS = sample_counts(date(2021, 5, 20), seed=7)


class Site:
    """A small tsa.gov on loopback; `pages` maps paths to bodies, `failures` is served first."""

    def __init__(self) -> None:
        self.pages: dict[str, bytes] = {}
        self.failures: list[int] = []
        self.redirects: dict[str, str] = {}
        self.drip_s = 0.0
        self.asked: list[str] = []
        self.agents: set[str] = set()
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append(self.path)
                site.agents.add(self.headers.get("User-Agent", ""))
                if self.path in site.redirects:
                    self.send_response(302)
                    self.send_header("Location", site.redirects[self.path])
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                status = site.failures.pop(0) if site.failures else 200
                body = site.pages.get(self.path, b"")
                self.send_response(status if self.path in site.pages else 404)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if not site.drip_s:
                    self.wfile.write(body)
                    return
                with suppress(OSError):  # the reader has gone away
                    for start in range(len(body)):
                        self.wfile.write(body[start : start + 1])
                        sleep(site.drip_s)

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/travel/passenger-volumes"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()

    def publish(self, through: date, counts: dict[date, int] = COUNTS) -> None:
        """Show the counts up to *through* as the real site would: bare page, one page per finished year."""
        for year in range(2019, through.year + 1):
            rows = [
                f"<tr><td>{day.month}/{day.day}/{day.year}</td><td>{value:,}</td></tr>"
                for day, value in counts.items()
                if day.year == year and day <= through
            ]
            ending = "" if year == through.year else f"/{year}"
            html = f"<table><tr><th>Date</th><th>Numbers</th></tr>{''.join(rows[::-1])}</table>"
            self.pages[f"/travel/passenger-volumes{ending}"] = html.encode()


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.server.shutdown()
    site.server.server_close()


@pytest.fixture
def config(site: Site, tmp_path: Path) -> Config:
    return load_config({"KALSHI_MODE": "paper", "KALSHI_TSA_URL": site.url, "KALSHI_DATA_DIR": str(tmp_path)})


class Naps:
    def __init__(self) -> None:
        self.taken: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)


def fetch(config: Config, now: datetime = NOW, *, naps: Naps | None = None, offline: bool = False):  # type: ignore[no-untyped-def]
    return fetch_counts(
        config, requests.Session(), as_of=now, clock=lambda: now, sleep=naps or Naps(), offline=offline
    )


def test_the_first_read_fills_history_and_keeps_the_pages(site: Site, config: Config) -> None:
    site.publish(date(2021, 5, 3))
    result = fetch(config)
    assert result.source == "tsa.gov"
    assert result.stale is None
    assert result.known.newest_day == date(2021, 5, 3)
    assert result.known.value(date(2020, 2, 29)) == COUNTS[date(2020, 2, 29)]
    assert len(Vintages.load(vintages_path(config))) == len(result.vintages)
    kept = sorted((config.data_dir / "tsa_pages").glob("*.html.gz"))
    assert [path.name.split("-")[0] for path in kept] == ["2019", "2020", "current"]
    assert gzip.decompress(kept[0].read_bytes()) == site.pages["/travel/passenger-volumes/2019"]
    assert all("Mozilla" in agent for agent in site.agents)


def test_later_reads_ask_for_the_running_year_only_and_add_rows(site: Site, config: Config) -> None:
    site.publish(date(2021, 5, 3))
    fetch(config)
    site.asked.clear()
    site.publish(date(2021, 5, 4))
    result = fetch(config, NOW + timedelta(days=1))
    assert site.asked == ["/travel/passenger-volumes"]
    assert result.new_days == (date(2021, 5, 4),)
    assert result.vintages.rows[-1].first_seen_at == NOW + timedelta(days=1)


def test_last_year_is_read_again_and_its_restatement_becomes_new_rows(site: Site, config: Config) -> None:
    site.publish(date(2021, 5, 3))
    fetch(config)
    restated = {day: value + 1000 if day.year == 2020 else value for day, value in COUNTS.items()}
    site.publish(date(2021, 5, 11), restated)
    later = NOW + timedelta(days=8)
    result = fetch(config, later)
    assert "/travel/passenger-volumes/2020" in site.asked
    day = date(2020, 6, 1)
    assert result.known.value(day) == COUNTS[day] + 1000
    assert result.known.first_print(day) == COUNTS[day]
    assert result.vintages.known(NOW).value(day) == COUNTS[day]


def test_new_year_takes_the_last_days_from_last_years_page_once_it_is_there(
    site: Site, config: Config
) -> None:
    site.publish(date(2020, 12, 29))
    fetch(config, new_york(date(2020, 12, 30), 12))
    site.publish(date(2021, 1, 3))
    last_year = site.pages.pop("/travel/passenger-volumes/2020")
    result = fetch(config, new_york(date(2021, 1, 4), 12))
    assert result.source == "tsa.gov"
    assert result.known.newest_day == date(2021, 1, 3)
    assert result.known.value(date(2020, 12, 31)) is None
    site.pages["/travel/passenger-volumes/2020"] = last_year
    result = fetch(config, new_york(date(2021, 1, 5), 12))
    assert result.known.value(date(2020, 12, 31)) == COUNTS[date(2020, 12, 31)]


def test_the_bare_page_may_still_show_the_old_year(site: Site, config: Config) -> None:
    site.publish(date(2020, 12, 31))
    result = fetch(config, new_york(date(2021, 1, 1), 12))
    assert result.known.newest_day == date(2020, 12, 31)


def test_no_new_day_and_could_not_read_are_told_apart(site: Site, config: Config) -> None:
    site.publish(date(2021, 5, 3))
    fetch(config)
    again = fetch(config)
    assert again.source == "tsa.gov"
    assert "no new day" in again.notes[0]
    site.pages.clear()
    missing = fetch(config)
    assert missing.source == "cache"
    assert "could not read" in missing.notes[0]


def test_reads_are_repeated_a_bounded_number_of_times(site: Site, config: Config) -> None:
    site.publish(date(2021, 5, 3))
    site.failures = [503, 403]
    naps = Naps()
    assert fetch(config, naps=naps).source == "tsa.gov"
    assert len(naps.taken) == 2
    site.failures = [503] * 10
    site.asked.clear()
    assert fetch(config).source == "cache"
    assert len(site.asked) == 3


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>Access Denied</html>",
        b"<table><tr><th>Date</th><th>Numbers</th></tr></table>",
        b"\xff\xfe\x00",
    ],
)
def test_a_refused_page_leaves_the_cache_as_it_was(site: Site, config: Config, body: bytes) -> None:
    site.publish(date(2021, 5, 3))
    fetch(config)
    before = vintages_path(config).read_bytes()
    site.pages["/travel/passenger-volumes"] = body
    assert fetch(config).source == "cache"
    assert vintages_path(config).read_bytes() == before


def test_a_stale_copy_of_the_page_is_refused(site: Site, config: Config) -> None:
    site.publish(date(2021, 5, 3))
    fetch(config)
    site.publish(date(2021, 5, 1))
    result = fetch(config)
    assert result.source == "cache"
    assert "stale copy" in result.notes[0]


def test_a_page_that_stopped_being_updated_is_reported_as_stale(site: Site, config: Config) -> None:
    site.publish(date(2021, 5, 3))
    result = fetch(config, NOW + timedelta(days=3))
    assert result.source == "tsa.gov"
    assert result.stale is not None
    assert "2021-05-06" in result.stale


def test_paper_falls_back_to_the_sample_and_says_so(site: Site, config: Config) -> None:
    result = fetch(config)
    assert result.source == "SAMPLE"
    assert any("SAMPLE" in note for note in result.notes)
    assert result.stale is None
    assert not vintages_path(config).exists()
    assert result.vintages.rows == sample_vintages(NOW).rows


def test_offline_asks_nobody(site: Site, config: Config) -> None:
    site.publish(date(2021, 5, 3))
    assert fetch(config, offline=True).source == "SAMPLE"
    assert site.asked == []


@pytest.mark.parametrize("mode", ["demo", "live"])
def test_demo_and_live_use_the_cache_only_while_it_is_fresh(site: Site, config: Config, mode: str) -> None:
    strict = replace(config, mode=mode)
    with pytest.raises(StaleDataError, match="do not trade"):
        fetch(strict)
    site.publish(date(2021, 5, 3))
    fetch(strict)
    site.pages.clear()
    assert fetch(strict).source == "cache"
    with pytest.raises(StaleDataError, match="2021-05-04"):
        fetch(strict, NOW + timedelta(days=1))


def test_a_simulated_past_does_not_see_what_is_read_today(site: Site, config: Config) -> None:
    site.publish(date(2021, 5, 3))
    fetch(config)
    site.publish(date(2021, 5, 6))
    result = fetch_counts(
        config, None, as_of=NOW, clock=lambda: NOW + timedelta(days=3), sleep=Naps(), offline=False
    )
    assert result.known.newest_day == date(2021, 5, 3)
    assert result.vintages.known(NOW + timedelta(days=3)).newest_day == date(2021, 5, 6)


@pytest.mark.parametrize("place", ["http://example.com/login", "https://tsa.gov.example.com/", "http://[::1", "//[x"])
def test_a_redirect_elsewhere_is_a_page_that_can_not_be_read(site: Site, config: Config, place: str) -> None:
    site.redirects["/travel/passenger-volumes"] = place
    result = fetch(config)
    assert result.source == "SAMPLE"
    assert "could not read tsa.gov" in result.notes[0]


def test_a_redirect_within_the_site_is_followed_but_not_for_ever(site: Site, config: Config) -> None:
    site.publish(date(2021, 5, 3))
    site.pages["/volumes"] = site.pages["/travel/passenger-volumes"]
    site.redirects["/travel/passenger-volumes"] = "/volumes"
    assert fetch(config).source == "tsa.gov"
    site.redirects["/volumes"] = "/volumes"
    assert "without end" in fetch(config).notes[0]


def test_a_page_that_drips_in_does_not_hold_the_run(site: Site, config: Config) -> None:
    site.publish(date(2021, 5, 3))
    site.drip_s = 0.02
    moments = iter(NOW + timedelta(seconds=second) for second in range(9999))
    result = fetch_counts(config, None, as_of=NOW, clock=lambda: next(moments), sleep=Naps())
    assert "does not end" in result.notes[0]


@pytest.mark.parametrize("misprint", [250_000, 3_900_000])
def test_a_misprint_stops_trading(site: Site, config: Config, misprint: int) -> None:
    def flat(day: date) -> int:
        return 2_400_000 + 1000 * day.weekday()

    days = [date(2019, 1, 1) + timedelta(days=n) for n in range((date(2021, 5, 3) - date(2019, 1, 1)).days + 1)]
    counts = {day: flat(day) for day in days}
    site.publish(date(2021, 5, 3), counts)
    assert fetch(config).stale is None
    site.publish(date(2021, 5, 3), counts | {date(2021, 5, 2): misprint})
    result = fetch(config)
    assert result.stale is not None
    assert f"2021-05-02 is {misprint:,}" in result.stale


def test_a_strange_file_among_the_kept_pages_is_no_trouble(site: Site, config: Config) -> None:
    site.publish(date(2021, 5, 3))
    fetch(config)
    (config.data_dir / "tsa_pages" / "2020-copy.html.gz").write_bytes(b"")
    assert fetch(config).source == "tsa.gov"


def test_what_is_read_now_counts_now(site: Site, config: Config) -> None:
    site.publish(date(2021, 5, 2))
    fetch(config, NOW - timedelta(days=1))
    site.publish(date(2021, 5, 3))
    moments = [NOW + timedelta(seconds=second) for second in range(99)]
    result = fetch_counts(config, None, as_of=None, clock=lambda: moments.pop(0), sleep=Naps())
    assert (result.source, result.stale) == ("tsa.gov", None)
    assert result.known.newest_day == date(2021, 5, 3)


@pytest.mark.parametrize(
    "url",
    [
        "http://www.tsa.gov/x",
        "https://tsa.gov.example.com/x",
        "https://nottsa.gov/x",
        "ftp://tsa.gov",
        "https://tsa.gov@example.com/",
        "https://me:secret@www.tsa.gov/",
        "http://127.0.0.1.example.com/",
        "http://127.0.0.1:99999/",
        "http://[::1",
    ],
)
def test_other_hosts_are_refused(config: Config, url: str) -> None:
    with pytest.raises(ConfigError, match="KALSHI_TSA_URL"):
        fetch(replace(config, tsa_url=url))


def test_a_corrupt_cache_is_named_and_not_overwritten(site: Site, config: Config) -> None:
    site.publish(date(2021, 5, 3))
    vintages_path(config).write_text("rubbish\n")
    with pytest.raises(DataError, match=r"tsa_vintages\.csv: line 1"):
        fetch(config)
    assert vintages_path(config).read_text() == "rubbish\n"


def test_fresh_until_the_grace_ends() -> None:
    tuesday = date(2021, 5, 4)
    vintages = sample_vintages(new_york(tuesday, 8), seed=7)
    assert stale_reason(vintages.known(new_york(tuesday, 9, 59))) is None
    reason = stale_reason(vintages.known(new_york(tuesday, 10)))
    assert reason is not None
    assert "2021-05-03" in reason
    assert stale_reason(Vintages(()).known(NOW)) is not None
