"""Log lines: fixed keys, one JSON object each, and no secret at any level."""

from __future__ import annotations

import io
import json
import logging

import pytest

from kalshi.config import load_config
from kalshi.runtime.run_log import KEYS, RunLog

PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nIBAAKC\n-----END RSA PRIVATE KEY-----"
SECRETS = {"KALSHI_KEY_ID": "0f6e5d4c-key-id", "KALSHI_PRIVATE_KEY_PASSWORD": "correct horse"}


@pytest.fixture(params=[True, False], ids=["json", "text"])
def json_lines(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def test_no_secret_in_message_arguments_or_traceback(json_lines: bool) -> None:
    stream = io.StringIO()
    log = RunLog("r1", "demo", json_lines=json_lines, stream=stream)
    try:
        log.redact.learn(load_config(SECRETS), [("AWS_SECRET_ACCESS_KEY", "aws-secret-value"), ("HOME", "/home/me")])
        log.logger.info("key %s and %s", SECRETS["KALSHI_KEY_ID"], PEM)
        log.logger.warning("headers {'KALSHI-ACCESS-SIGNATURE': 'c2lnbmF0dXJl', 'KALSHI-ACCESS-KEY': 'abc'}")
        try:
            raise ValueError("correct horse, aws-secret-value in /home/me")
        except ValueError:
            logging.getLogger("kalshi.clients").exception("failed")
    finally:
        log.close()
    text = stream.getvalue()
    for secret in (*SECRETS.values(), "MIIEow", "IBAAKC", "c2lnbmF0dXJl", "'abc'", "aws-secret-value"):
        assert secret not in text
    assert "/home/me" in text and "ValueError" in text


def test_json_lines_carry_the_fixed_keys() -> None:
    stream = io.StringIO()
    log = RunLog("r1", "demo", json_lines=True, stream=stream)
    try:
        log.logger.info("two\nlines “%s”", "x", extra={"ticker": "T-1", "event": "E", "client_order_id": "c"})
        logging.getLogger("kalshi.trading.desk").warning("from a room below", extra={"attempt": 2})
        logging.getLogger("urllib3").info("a library's chatter")
        logging.getLogger("urllib3").warning("a library's warning")
    finally:
        log.close()
    rows = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [row["message"] for row in rows] == ["two\nlines “x”", "from a room below", "a library's warning"]
    assert all((row["run_id"], row["job"]) == ("r1", "demo") and set(KEYS) <= set(row) for row in rows)
    assert rows[0]["ticker"] == "T-1" and rows[1]["ticker"] == ""
    assert rows[1]["attempt"] == "2"


def test_a_foreign_text_can_not_forge_a_line(json_lines: bool) -> None:
    stream = io.StringIO()
    log = RunLog("r1", "demo", json_lines=json_lines, stream=stream)
    forged = "T-1\n2026-10-09 INFO forged\u2028{}\x85\x1b[2J"
    try:
        log.logger.info("row %s", forged, extra={"ticker": forged, "status": forged})
    finally:
        log.close()
    (line,) = stream.getvalue().splitlines()
    assert "\x1b" not in line
    if json_lines:
        assert json.loads(line)["ticker"] == forged


def test_a_second_run_in_the_same_process_logs_once() -> None:
    for run_id in ("r1", "r2"):
        stream = io.StringIO()
        log = RunLog(run_id, "demo", json_lines=True, stream=stream)
        log.logger.info("hello")
        log.close()
        assert len(stream.getvalue().splitlines()) == 1
    log.logger.info("after the end")
    assert len(stream.getvalue().splitlines()) == 1
