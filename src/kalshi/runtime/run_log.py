"""Logging of a run: set up once, fixed keys, text for people or JSON lines, and never a secret."""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TextIO
from urllib.parse import unquote, urlsplit

from kalshi.config import Config
from kalshi.runtime.clock import new_york

KEYS = ("run_id", "job", "event", "ticker", "client_order_id")
ROOM = "kalshi"
_ORDINARY = {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName", *KEYS}
_MASK = "***"
# Shorter values would also blank ordinary words, and nobody's key is that short.
_SHORTEST_SECRET = 6
_PEM = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)
_HEADER = re.compile(
    r"((?:KALSHI-ACCESS-(?:KEY|SIGNATURE)|APCA-API-(?:KEY-ID|SECRET-KEY))['\"]?\s*[:=]\s*['\"]?)[^\s'\",}]+",
    re.IGNORECASE,
)
# JSON leaves these as they are, and some readers take them for the end of a line.
_LINE_ENDS = {ord(c): f"\\u{ord(c):04x}" for c in "\x85\u2028\u2029"}
_AWS_SECRETS = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ACCESS_KEY_ID")


class Redactor:
    """Replaces known secret values, private keys and signature headers in a text by ***."""

    def __init__(self) -> None:
        self._values: tuple[str, ...] = ()

    def learn(self, config: Config, environ: Iterable[tuple[str, str]] | None = None) -> None:
        """Take over the secret values of *config* and the AWS ones of *environ* (default: the process's)."""
        values = {config.key_id, config.private_key_password, *(url for _, url in config.ping_urls)}
        password = urlsplit(config.database_url).password or ""
        values |= {config.alpaca_key_id, config.alpaca_secret_key, config.database_url, password, unquote(password)}
        values |= {value for name, value in environ or os.environ.items() if name in _AWS_SECRETS}
        self._values = tuple(sorted((v for v in values if len(v) >= _SHORTEST_SECRET), key=len, reverse=True))

    def __call__(self, text: str) -> str:
        for value in self._values:
            text = text.replace(value, _MASK)
        if "PRIVATE KEY" in text:
            text = _PEM.sub(_MASK, text)
        return _HEADER.sub(rf"\g<1>{_MASK}", text)


class TextFormatter(logging.Formatter):
    """`2026-10-09 10:30:01 EDT INFO message  ticker=…`, New York time."""

    def __init__(self, redact: Redactor) -> None:
        super().__init__()
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        """Return the line (with the traceback below it, if there is one), redacted."""
        when = new_york(datetime.fromtimestamp(record.created, UTC)).strftime("%Y-%m-%d %H:%M:%S %Z")
        shown = {key: getattr(record, key, "") for key in KEYS[2:]} | _others(record)
        fields = [f"{key}={_plain(str(value))}" for key, value in shown.items() if value not in ("", None)]
        message = _plain(record.getMessage())
        line = f"{when} {record.levelname} {message}{'  ' if fields else ''}{' '.join(fields)}"
        if record.exc_info:
            line = f"{line}\n{self.formatException(record.exc_info)}"
        return self._redact(line)


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time (UTC), level, logger, message, fixed keys (empty if unknown), extras."""

    def __init__(self, redact: Redactor) -> None:
        super().__init__()
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        """Return the JSON line; secrets are masked in every text of it."""
        row = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": self._redact(record.getMessage()),
            **{key: self._redact(str(getattr(record, key, "") or "")) for key in KEYS},
        }
        row |= {key: self._redact(str(value)) for key, value in _others(record).items() if key not in row}
        if record.exc_info:
            row["exception"] = self._redact(self.formatException(record.exc_info))
        return json.dumps(row, ensure_ascii=False).translate(_LINE_ENDS)


def _plain(text: str) -> str:
    """Return *text* on one line: a foreign text can neither forge a second one nor command the terminal."""
    return text if text.isprintable() else " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _others(record: logging.LogRecord) -> dict[str, object]:
    """Return what a module added through `extra` beside the fixed keys."""
    return {key: value for key, value in vars(record).items() if key not in _ORDINARY}


class _Stamp(logging.Filter):
    """Adds the run's own keys to every record, whichever module wrote it."""

    def __init__(self, run_id: str, job: str) -> None:
        super().__init__()
        self._run_id, self._job = run_id, job

    def filter(self, record: logging.LogRecord) -> bool:
        record.run_id, record.job = self._run_id, self._job
        return True


class RunLog:
    """The handler of one run, on the package's logger; `close` takes it off again."""

    def __init__(self, run_id: str, job: str, *, json_lines: bool, stream: TextIO | None = None) -> None:
        self.redact = Redactor()
        self.logger = logging.getLogger(f"{ROOM}.job.{job}")
        self._handler = logging.StreamHandler(stream or sys.stderr)
        self._handler.setFormatter((JsonFormatter if json_lines else TextFormatter)(self.redact))
        self._handler.addFilter(_Stamp(run_id, job))
        self._rooms = (logging.getLogger(ROOM), logging.getLogger())
        self._before = [(room, room.level, room.propagate) for room in self._rooms]
        package, root = self._rooms
        package.setLevel(logging.INFO)
        package.propagate = False
        root.setLevel(logging.WARNING)  # libraries speak up only when something is wrong
        for room in self._rooms:
            room.addHandler(self._handler)

    def close(self) -> None:
        """Take the handler off, so that the next run in this process logs once, not twice."""
        for room, level, propagate in self._before:
            room.removeHandler(self._handler)
            room.setLevel(level)
            room.propagate = propagate
        self._handler.flush()
