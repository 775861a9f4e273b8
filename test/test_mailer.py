"""Mail over a real moto server: what was sent is read back; nothing that mail can do ends a job."""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Iterator

import boto3
import pytest
import requests
from moto.server import ThreadedMotoServer

from kalshi.config import Config, load_config
from kalshi.mailer import MailOutcome, one_line, send_email


def settings(**changes: str) -> Config:
    both = {"EMAIL_SENDER": "bot@example.com", "EMAIL_RECIPIENT": "me@example.com, you@example.com"}
    return load_config({"KALSHI_MODE": "paper"} | both | changes)


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")


@pytest.fixture(scope="module")
def moto_url() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def ses(moto_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    requests.post(f"{moto_url}/moto-api/reset", timeout=5)
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto_url)
    boto3.client("ses", region_name="us-east-1").verify_email_identity(EmailAddress="bot@example.com")
    return moto_url


def sent(url: str) -> list[dict]:
    """Return the messages the server took."""
    return requests.get(f"{url}/moto-api/data.json", timeout=5).json()["ses"]["Message"]


def test_text_and_html_arrive(ses):
    outcome = send_email(settings(), "TSA week: 3 orders", "plain — text", "<p>plain &mdash; <b>html</b></p>")
    assert outcome is MailOutcome.SENT
    [message] = sent(ses)
    assert message["source"] == "bot@example.com"
    assert message["subject"] == "TSA week: 3 orders"
    assert message["destinations"]["ToAddresses"] == ["me@example.com", "you@example.com"]
    assert "html" in str(message["body"])


def test_text_alone(ses):
    assert send_email(settings(), "s", "only text") is MailOutcome.SENT
    assert sent(ses)[0]["body"] == "only text"


def test_a_subject_can_not_carry_another_header(ses):
    send_email(settings(), "Done\r\nBcc: all@example.com\x00\u2028x", "t")
    assert sent(ses)[0]["subject"] == "Done Bcc: all@example.com x"


def test_subjects_are_one_line_and_never_empty():
    assert one_line("a\n\tb") == "a b"
    assert one_line("\r\n") == "(no subject)"
    assert len(one_line("x" * 500)) == 200


@pytest.mark.parametrize("unset", ["EMAIL_SENDER", "EMAIL_RECIPIENT"])
def test_skipped_with_one_warning_when_an_address_is_unset(ses, caplog, unset):
    caplog.set_level(logging.INFO)
    assert send_email(settings(**{unset: ""}), "s", "t") is MailOutcome.SKIPPED
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "EMAIL_SENDER and EMAIL_RECIPIENT" in caplog.text
    assert sent(ses) == []


def failed(caplog: pytest.LogCaptureFixture, config: Config | None = None) -> str:
    assert send_email(config or settings(), "s", "t") is MailOutcome.FAILED
    [record] = [record for record in caplog.records if record.name == "kalshi.mailer"]
    assert record.levelname == "ERROR" and "\n" not in record.getMessage()
    return record.getMessage()


def test_a_refused_sender_is_logged_and_does_not_raise(ses, caplog):
    assert "MessageRejected" in failed(caplog, settings(EMAIL_SENDER="stranger@example.com"))


def test_an_unreachable_server_is_logged_and_does_not_raise(monkeypatch, caplog):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    assert "EndpointConnectionError" in failed(caplog)


def test_missing_aws_credentials_are_logged_and_do_not_raise(ses, monkeypatch, caplog):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    assert "NoCredentialsError" in failed(caplog)


def test_a_server_that_hangs_up_is_logged_and_does_not_raise(monkeypatch, caplog):
    listener = socket.create_server(("127.0.0.1", 0))
    stop = threading.Event()

    def hang_up() -> None:
        listener.settimeout(0.1)
        while not stop.is_set():
            try:
                listener.accept()[0].close()
            except TimeoutError:
                continue

    thread = threading.Thread(target=hang_up, daemon=True)
    thread.start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{listener.getsockname()[1]}")
    failed(caplog)
    stop.set()
    thread.join(5)
    listener.close()
