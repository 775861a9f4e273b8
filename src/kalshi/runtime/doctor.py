"""Is this machine ready? Each check answers ok, or what is wrong and the fix; none sends an order."""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from kalshi.config import Config
from kalshi.errors import ConfigError, DataError, KalshiError
from kalshi.exchange.hosts import LIVE_BASE
from kalshi.runtime.clock import Clock, new_york
from kalshi.runtime.files import DATA_FIX, REPORT_FIX, existing_store, store_place, writable_directory
from kalshi.runtime.findings import NOT_ASKED, WRONG, Answer, Check, Finding, finding
from kalshi.runtime.market_days import MarketDays
from kalshi.runtime.switch import stopped

CONNECT_S, READ_S = 3.05, 5.0
# The exchange refuses signatures whose time is further away than a few seconds.
MOST_SKEW_S = 3.0
OF_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def examine(config: Config, *, clock: Clock, offline: bool) -> list[Finding]:
    """Return the findings of all checks, in the order in which a person would mend them."""
    checks: list[tuple[str, Check]] = [
        ("configuration", lambda: _configuration(config)),
        ("data directory", lambda: str(writable_directory(config.data_dir, "data directory", DATA_FIX))),
        (
            "report directory",
            lambda: str(writable_directory(config.report_dir, "report directory", REPORT_FIX)),
        ),
        ("kill switch", lambda: _switch(config)),
        ("database", lambda: _database(config)),
        ("API key", lambda: _key(config)),
        ("clock", lambda: _clock(config, clock, offline)),
        ("calendar", lambda: _calendar(clock)),
        ("mail", lambda: _mail(config)),
    ]
    return [*(finding(name, check) for name, check in checks), *_online(config, clock, offline)]


def _online(config: Config, clock: Clock, offline: bool) -> list[Finding]:
    """Return what the exchange itself answers; one line where it can not be asked."""
    from kalshi.connect import connect
    from kalshi.runtime.doctor_account import examine_account
    from kalshi.runtime.doctor_index import examine_index

    if offline and config.mode != "paper":
        return [Finding("exchange", NOT_ASKED, "not asked: offline")]
    try:
        client = connect(config, clock=clock)
    except KalshiError as error:
        return [Finding("exchange", WRONG, str(error))]
    try:
        account = examine_account(config, client, clock)
        return account if account[0].state == WRONG else [*account, *examine_index(config, client)]
    finally:
        client.close()


def _calendar(clock: Clock) -> Answer:
    from kalshi.runtime.market_days import LEAST_AHEAD

    days = MarketDays.around(clock())
    ahead = days.last - new_york(clock()).date()
    text = f"sessions of New York's stock exchange known to {days.last}"
    if ahead < LEAST_AHEAD:
        raise DataError(f"{text}, {ahead.days} days ahead: update exchange_calendars")
    return text


def _configuration(config: Config) -> str:
    if config.dry_run_forced:
        return "mode live, every run a dry run: set KALSHI_LIVE_TRADING=true to let orders leave"
    return f"mode {config.mode}, {config.api_base}"


def _switch(config: Config) -> str:
    found = [f"{who} is stopped by a STOP file ({reason})" for who, reason in stopped(config.data_dir)]
    if found:
        raise ConfigError(f"{'; '.join(found)}: resume with `python -m kalshi control resume`")
    return "nobody is stopped by a file"


def _database(config: Config) -> str:
    place = store_place(config)
    with existing_store(place) as store:
        return str(place) if store is not None else f"{place} is not there yet: the first run makes it"


def _key(config: Config) -> Answer:
    from kalshi.credentials import load_credentials

    if config.mode == "paper":
        return NOT_ASKED, "not needed in paper mode"
    load_credentials(config)
    path = config.private_key_path
    if path is not None and (mode := stat.S_IMODE(path.stat().st_mode)) & OF_OTHERS:
        raise ConfigError(f"{path} can be read by others than its owner (mode {mode:04o}): chmod 600 {path}")
    return "readable"


def _clock(config: Config, clock: Clock, offline: bool) -> Answer:
    import requests

    if offline:
        return NOT_ASKED, "not compared: offline"
    base = LIVE_BASE if config.mode == "paper" else config.api_base
    try:
        answer = requests.get(f"{base}/exchange/status", timeout=(CONNECT_S, READ_S))
        there = parsedate_to_datetime(answer.headers["Date"]).astimezone(UTC)
    except (requests.RequestException, KeyError, ValueError):
        return NOT_ASKED if config.mode == "paper" else WRONG, f"{base} does not answer: check the network"
    return _skew(there, clock())


def _skew(there: datetime, here: datetime) -> str:
    # The header is cut to whole seconds, so half a second is its best guess.
    seconds = (here - there).total_seconds() - 0.5
    if abs(seconds) > MOST_SKEW_S:
        raise ConfigError(
            f"this machine's clock is {seconds:+.0f} s off the exchange's: switch time synchronisation on"
        )
    return f"within {MOST_SKEW_S:.0f} s of the exchange's"


def _mail(config: Config) -> Answer:
    if not (config.email_sender and config.email_recipient):
        return NOT_ASKED, "EMAIL_SENDER and EMAIL_RECIPIENT are not both set: summaries are printed"
    import boto3
    from botocore.exceptions import BotoCoreError

    try:
        found = boto3.Session().get_credentials()
    except BotoCoreError as error:
        raise ConfigError(f"AWS credentials can not be read ({error}): mend the AWS profile") from None
    if found is None:
        raise ConfigError("no AWS credentials to send mail with: set AWS_ACCESS_KEY_ID or give this machine a role")
    return f"from {config.email_sender} over SES in {config.aws_region} (no mail was sent to try it)"
