"""Settings from the environment: read once, validated, frozen, secrets masked.

Every variable is one row of VARIABLES; `.env.example` and the README are held to that table by a test.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal, InvalidOperation
from email.utils import parseaddr
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dotenv import dotenv_values, load_dotenv
from dotenv.parser import parse_stream

from kalshi.errors import ConfigError
from kalshi.exchange.hosts import DEMO_BASE, LIVE_BASE, PAPER_BASE, check_api_base, is_loopback, mode_of_host

PROJECT_ROOT = Path(__file__).resolve().parents[2]
MODES = ("paper", "demo", "live")
SECRET_FIELDS = (
    "key_id", "private_key_secret", "private_key_path", "private_key_password", "ping_urls", "alpaca_key_id",
    "alpaca_secret_key", "database_url",
)  # fmt: skip
_BASES = {"paper": PAPER_BASE, "demo": DEMO_BASE, "live": LIVE_BASE}


@dataclass(frozen=True)
class Config:
    """Settings of one run.

    Money limits are Decimal dollars; `max_order_contracts` is contracts. Paths are absolute.
    Keys, their ids, secrets and paths, ping URLs (each with its job) and `database_url` are masked in `repr`.
    """

    mode: str
    key_id: str
    private_key_secret: str
    private_key_path: Path | None
    private_key_password: str
    aws_region: str
    email_sender: str
    email_recipient: str
    api_base: str
    live_trading: bool
    data_dir: Path
    database_url: str
    report_dir: Path
    max_order_contracts: Decimal
    max_order_cost: Decimal
    max_event_cost: Decimal
    max_day_cost: Decimal
    max_strategy_cost: Decimal
    max_day_loss: Decimal
    max_drawdown: Decimal
    max_spread: Decimal
    max_quote_age: int
    max_orders_per_run: int
    paper_balance: Decimal
    tsa_url: str
    offline: bool
    index_url: str
    ping_urls: tuple[tuple[str, str], ...]
    alpaca_key_id: str
    alpaca_secret_key: str
    alpaca_url: str
    secrets: tuple[str, ...] = field(default=SECRET_FIELDS, repr=False)

    def __repr__(self) -> str:
        shown = []
        for item in fields(self):
            value = getattr(self, item.name)
            if item.name != "secrets":
                shown.append(f"{item.name}={'***' if value and item.name in self.secrets else repr(value)}")
        return f"Config({', '.join(shown)})"

    @property
    def dry_run_forced(self) -> bool:
        """Whether orders must not leave because live trading was not switched on."""
        return self.mode == "live" and not self.live_trading


@dataclass(frozen=True)
class Variable:
    """One environment variable: its name, the Config field, the default text and its parser."""

    name: str
    field: str
    default: str
    parse: Callable[[str], Any]
    meaning: str


def _text(value: str) -> str:
    return value.strip()


def _flag(value: str) -> bool:
    lowered = value.strip().lower()
    if lowered in ("true", "1", "yes", "on"):
        return True
    if lowered in ("false", "0", "no", "off", ""):
        return False
    raise ValueError("expected true or false")


def _dollars(value: str) -> Decimal:
    try:
        amount = Decimal(value.strip())
    except InvalidOperation:
        raise ValueError("expected an amount of dollars such as 25.00") from None
    if not amount.is_finite() or amount < 0:
        raise ValueError("expected an amount of dollars that is not negative")
    return amount


def _positive_int(value: str) -> int:
    try:
        number = int(value.strip())
    except ValueError:
        raise ValueError("expected a whole number") from None
    if number < 1:
        raise ValueError("expected a number of at least 1")
    return number


def _optional_path(value: str) -> Path | None:
    return _expanded(value) if value.strip() else None


def _directory(value: str) -> Path:
    path = _expanded(value)
    return path if path.is_absolute() else PROJECT_ROOT / path


def _expanded(value: str) -> Path:
    try:
        return Path(value.strip()).expanduser()
    except RuntimeError:
        raise ValueError("there is no such user") from None


def _database_url(value: str) -> str:
    url = value.strip()
    if url and not re.match(r"(postgresql|postgres|postgresql\+psycopg)://.", url):
        raise ValueError("expected postgresql://user:password@host:5432/name, or nothing for SQLite in KALSHI_DATA_DIR")
    try:
        _ = urlsplit(url).port
    except ValueError:  # its text would quote the URL
        raise ValueError("write special characters of user and password as %40 for @, %5B for [, %2F for /") from None
    return url


def _addresses(value: str) -> str:
    for one in filter(None, map(str.strip, value.split(","))):
        name, at, host = parseaddr(one)[1].partition("@")
        if not (name and at and host):
            raise ValueError(f"{one!r} is no e-mail address")
    return value.strip()


def _ping_urls(value: str) -> tuple[tuple[str, str], ...]:
    """Return (job, URL) for each `job=URL`; the messages name the job and never the URL, which is a secret."""
    found = []
    for one in value.split():
        job, _, url = one.partition("=")
        try:
            parts = urlsplit(url)
        except ValueError:
            parts = urlsplit("")
        safe = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(url))
        if not job or not parts.hostname or not safe or parts.query or parts.fragment:
            raise ValueError(
                f"expected job=https://..., without a query, separated by blanks; look at {job or 'the first'!r}"
            )
        found.append((job, url.rstrip("/")))
    return tuple(found)


def _mode(value: str) -> str:
    mode = value.strip().lower()
    if mode and mode not in MODES:
        raise ValueError("expected paper, demo or live")
    return mode


VARIABLES: tuple[Variable, ...] = (
    Variable("KALSHI_MODE", "mode", "", _mode, "paper, demo or live; unset: DEMO_MODE decides"),
    Variable("DEMO_MODE", "demo_mode", "false", _flag, "used only where KALSHI_MODE is unset"),
    Variable("KALSHI_KEY_ID", "key_id", "", _text, "API key id; required in demo and live mode"),
    Variable("KALSHI_PRIVATE_KEY_SECRET", "private_key_secret", "kalshi_api_key", _text,
             "name of the private key in AWS Secrets Manager"),
    Variable("KALSHI_PRIVATE_KEY_PATH", "private_key_path", "", _optional_path,
             "private key file (PEM); used instead of Secrets Manager"),
    Variable("KALSHI_PRIVATE_KEY_PASSWORD", "private_key_password", "", _text,
             "passphrase of an encrypted private key"),
    Variable("AWS_REGION", "aws_region", "us-east-1", _text, "region of Secrets Manager and SES"),
    Variable("EMAIL_SENDER", "email_sender", "", _addresses, "unset: no e-mail is sent"),
    Variable("EMAIL_RECIPIENT", "email_recipient", "", _addresses, "unset: no e-mail is sent"),
    Variable("KALSHI_API_BASE", "api_base", "", _text, "another host; plain HTTP on loopback only"),
    Variable("KALSHI_LIVE_TRADING", "live_trading", "false", _flag,
             "must be true before an order leaves for the live exchange"),
    Variable("KALSHI_DATA_DIR", "data_dir", "src/data", _directory, "caches and databases"),
    Variable("DATABASE_URL", "database_url", "", _database_url,
             "PostgreSQL for runs, orders and fills; unset: SQLite files in KALSHI_DATA_DIR"),
    Variable("KALSHI_REPORT_DIR", "report_dir", "src/reports", _directory, "what runs and backtests write"),
    Variable("KALSHI_MAX_ORDER_CONTRACTS", "max_order_contracts", "100", _dollars, "contracts in one order"),
    Variable("KALSHI_MAX_ORDER_COST", "max_order_cost", "10.00", _dollars, "most one order may cost"),
    Variable("KALSHI_MAX_EVENT_COST", "max_event_cost", "100.00", _dollars, "most one event may lose"),
    Variable("KALSHI_MAX_DAY_COST", "max_day_cost", "100.00", _dollars,
             "most that orders of the last 24 hours and open ones may lose"),
    Variable("KALSHI_MAX_STRATEGY_COST", "max_strategy_cost", "50.00", _dollars,
             "most that one strategy's orders of the last 24 hours may lose"),
    Variable("KALSHI_MAX_DAY_LOSS", "max_day_loss", "25.00", _dollars,
             "loss of 24 hours that locks a strategy for 24 hours"),
    Variable("KALSHI_MAX_DRAWDOWN", "max_drawdown", "50.00", _dollars,
             "fall of a strategy's results of 30 days from their best that locks it for a week"),
    Variable("KALSHI_MAX_SPREAD", "max_spread", "1.00", _dollars, "widest spread in which an order takes; 1 is any"),
    Variable("KALSHI_MAX_QUOTE_AGE", "max_quote_age", "300", _positive_int, "seconds that quotes may be old"),
    Variable("KALSHI_MAX_ORDERS_PER_RUN", "max_orders_per_run", "40", _positive_int, "orders of one run"),
    Variable("KALSHI_PAPER_BALANCE", "paper_balance", "1000.00", _dollars, "cash of a new paper account"),
    Variable("KALSHI_TSA_URL", "tsa_url", "https://www.tsa.gov/travel/passenger-volumes", _text,
             "page with the counts; plain HTTP on loopback only"),
    Variable("KALSHI_INDEX_URL", "index_url", "", _text,
             "paper mode on loopback only: index values of a simulated exchange instead of real ones"),
    Variable("KALSHI_PING_URLS", "ping_urls", "", _ping_urls,
             "job=URL of a dead-man monitor, several separated by blanks"),
    Variable("KALSHI_OFFLINE", "offline", "false", _flag, "true: as if every script were given --offline"),
    Variable("APCA_API_KEY_ID", "alpaca_key_id", "", _text, "Alpaca key: a second source of the index values"),
    Variable("APCA_API_SECRET_KEY", "alpaca_secret_key", "", _text, "its secret"),
    Variable("KALSHI_ALPACA_URL", "alpaca_url", "https://data.alpaca.markets", _text,
             "Alpaca's data host; plain HTTP on loopback only"),
)
# Variables that other parts of the package read, known here so that a typing error is still caught.
OTHER_NAMES = ("KALSHI_ENV_FILE", "KALSHI_SHARED_DATA")
# How alike two names are, 0..1: of ours, one that is worth suggesting, and of any name, a slip of the finger.
WORTH_SUGGESTING, SLIP = 0.8, 0.88


def load_config(
    environ: Mapping[str, str] | None = None, *, mode: str | None = None, env_file: Path | None = None
) -> Config:
    """Return the settings of this run.

    environ: the variables to read; default the process environment after adding the variables of the
    `.env` file (KALSHI_ENV_FILE, else `.env` in the project root) that are not set already.
    mode: overrides KALSHI_MODE and DEMO_MODE.
    Raises ConfigError naming the variable and the fix.
    """
    if environ is None:
        path = env_file or env_file_path()
        if os.environ.get("KALSHI_ENV_FILE") and not path.exists():
            raise ConfigError(f"KALSHI_ENV_FILE names {path}, which does not exist: create it or unset it")
        if path.is_dir():
            raise ConfigError(f"{path} can not be read (it is a directory): name a file in KALSHI_ENV_FILE")
        try:
            text = path.read_text(encoding="utf-8") if path.exists() else ""
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
            raise ConfigError(f"{path} can not be read ({reason}): correct it or move it away") from None
        _refuse_unclear_lines(text, path)
        _refuse_unknown_names(dotenv_values(stream=StringIO(text), interpolate=False), str(path), slips=True)
        load_dotenv(stream=StringIO(text), override=False)
        environ = os.environ
    _refuse_unknown_names(environ, "the environment")
    values = {variable.field: _read(variable, environ) for variable in VARIABLES}
    demo_mode = values.pop("demo_mode")
    values["mode"] = _checked_mode(mode) if mode else values["mode"] or ("demo" if demo_mode else "live")
    values["api_base"] = check_api_base(values["api_base"] or _BASES[values["mode"]])
    _refuse_other_modes_host(values["mode"], values["api_base"])
    if values["index_url"] and not (values["mode"] == "paper" and is_loopback(values["index_url"])):
        raise ConfigError("KALSHI_INDEX_URL names a simulated index: unset it, or use it in paper mode on 127.0.0.1")
    return Config(**values)


def env_file_path() -> Path:
    """Return where the `.env` file of this process is, or would be: KALSHI_ENV_FILE, else the project root."""
    return Path(os.environ.get("KALSHI_ENV_FILE") or PROJECT_ROOT / ".env")


def _checked_mode(mode: str) -> str:
    if mode not in MODES:
        raise ConfigError(f"mode {mode!r} is unknown: use paper, demo or live")
    return mode


def _refuse_other_modes_host(mode: str, base: str) -> None:
    if mode_of_host(base) not in ("", mode):
        raise ConfigError(
            f"KALSHI_API_BASE={base} does not belong to mode {mode}: unset it, or change KALSHI_MODE"
        )


def _read(variable: Variable, environ: Mapping[str, str]) -> Any:
    text = environ.get(variable.name, "")
    try:
        return variable.parse(text if text.strip() else variable.default)
    except ValueError as error:
        shown = "" if variable.field in ("private_key_password", "ping_urls", "database_url") else f"={text!r}"
        raise ConfigError(f"{variable.name}{shown} is not valid: {error}") from None


def _refuse_unclear_lines(text: str, path: Path) -> None:
    """Raise ConfigError for a line without `=`, an unclosed quote, or a name of ours that is set twice.

    Such a line would be passed over, and the default that holds instead is the live exchange. Its text is not
    shown: it may hold a secret.
    """
    known = {variable.name for variable in VARIABLES}
    seen: dict[str, int] = {}
    for binding in parse_stream(StringIO(text)):
        skipped = binding.original.string
        line = binding.original.line + len(skipped[: len(skipped) - len(skipped.lstrip())].splitlines())
        name = binding.key or ""
        if binding.error or (name and binding.value is None):
            raise ConfigError(f"{path}, line {line}: write NAME=value, and close each quote that is opened")
        if name in known and name in seen:
            raise ConfigError(f"{path}: {name} is set in line {seen[name]} and again in line {line}: delete one")
        seen[name] = line


def _refuse_unknown_names(names: Iterable[str], where: str, *, slips: bool = False) -> None:
    """Raise ConfigError for a name that begins like ours but is none; slips: also for one almost like ours."""
    known = [variable.name for variable in VARIABLES] + list(OTHER_NAMES)
    for name in sorted(names):
        if name in known:
            continue
        ours = name.upper().startswith("KALSHI_")
        near = difflib.get_close_matches(name.upper(), known, n=1, cutoff=WORTH_SUGGESTING if ours else SLIP)
        if ours or (slips and near):
            hint = f"did you mean {near[0]}?" if near else "see .env.example for all names"
            raise ConfigError(f"unknown variable {name}: {hint} (set in {where})")
