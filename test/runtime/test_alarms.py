"""Who is told how a run ended: a dead-man monitor and a mailbox, both real servers on this machine."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import boto3
import pytest
import requests
from moto.server import ThreadedMotoServer

from kalshi.config import load_config
from kalshi.errors import ConfigError

Project = Any  # the class of the fixture in conftest.py


class Monitor:
    """A server that keeps what it was asked, and answers with one status."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.status = 200
        monitor = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                monitor.asked.append(self.path)
                self.send_response(monitor.status)
                self.send_header("Location", "/elsewhere")
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/s3cret-uuid"
        Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def monitor() -> Iterator[Monitor]:
    monitor = Monitor()
    yield monitor
    monitor.server.shutdown()
    monitor.server.server_close()


@pytest.fixture(scope="module")
def moto_url() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def mailbox(project: Project, moto_url: str) -> str:
    requests.post(f"{moto_url}/moto-api/reset", timeout=5)
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    client = boto3.client("ses", region_name="us-east-1", endpoint_url=moto_url, **keys)
    client.verify_email_identity(EmailAddress="bot@example.com")
    project.env |= {name.upper(): value for name, value in keys.items()} | {
        "AWS_ENDPOINT_URL": moto_url, "AWS_EC2_METADATA_DISABLED": "true",
        "EMAIL_SENDER": "bot@example.com", "EMAIL_RECIPIENT": "me@example.com",
    }
    return moto_url


def subjects(url: str) -> list[str]:
    messages = requests.get(f"{url}/moto-api/data.json", timeout=5).json()["ses"]["Message"]
    return [message["subject"] for message in messages]


@pytest.mark.parametrize(
    ("then", "code", "asked"),
    [
        ("", 0, ["/s3cret-uuid"]),
        ("holiday", 0, ["/s3cret-uuid"]),
        ("known", 3, ["/s3cret-uuid/fail"]),
        ("crash", 1, ["/s3cret-uuid/fail"]),
        ("unknown", 6, ["/s3cret-uuid/fail"]),
    ],
)
def test_the_monitor_hears_how_a_run_ended(
    project: Project, monitor: Monitor, then: str, code: int, asked: list[str]
) -> None:
    done = project.run("--then", then, KALSHI_PING_URLS=f"other=https://example.com/x tiny={monitor.url}/")
    assert done.returncode == code, done.stderr
    assert monitor.asked == asked
    assert "s3cret" not in done.stderr + done.stdout


def test_a_stopped_an_offline_and_a_past_run_say_nothing(project: Project, monitor: Monitor) -> None:
    urls = f"tiny={monitor.url}"
    assert project.run("--offline", KALSHI_PING_URLS=urls).returncode == 0
    assert project.run("--date", "2026-10-07", KALSHI_PING_URLS=urls).returncode == 0
    (project.data / "STOP").touch()
    assert project.run(KALSHI_PING_URLS=urls).returncode == 5
    assert monitor.asked == []


@pytest.mark.parametrize("status", [302, 404, 500])
def test_a_monitor_that_answers_badly_fails_no_run(project: Project, monitor: Monitor, status: int) -> None:
    monitor.status = status
    done = project.run(KALSHI_PING_URLS=f"tiny={monitor.url}")
    assert done.returncode == 0 and monitor.asked == ["/s3cret-uuid"]
    assert str(status) in done.stderr and "s3cret" not in done.stderr


def test_a_monitor_that_is_not_there_fails_no_run(project: Project, monitor: Monitor) -> None:
    monitor.server.shutdown()
    monitor.server.server_close()
    done = project.run(KALSHI_PING_URLS=f"tiny={monitor.url}")
    assert done.returncode == 0
    assert "could not be pinged" in done.stderr and "s3cret" not in done.stderr


@pytest.mark.parametrize(
    "urls", ["tiny", "tiny=", "=https://a.example/s3cret", "tiny=http://a.example/s3cret", "tiny=ftp://127.0.0.1/s3cret",
             "tiny=https://a.example/s3cret?x=1", "tiny=https://[s3cret"],
)  # fmt: skip
def test_a_ping_url_that_is_none_is_refused_and_not_shown(urls: str) -> None:
    with pytest.raises(ConfigError, match="KALSHI_PING_URLS is not valid") as told:
        load_config({"KALSHI_PING_URLS": urls})
    assert "s3cret" not in str(told.value)


def test_ping_urls_are_masked() -> None:
    assert "s3cret" not in repr(load_config({"KALSHI_PING_URLS": "tiny=https://a.example/s3cret"}))


def test_the_same_trouble_is_mailed_once_an_hour(project: Project, mailbox: str) -> None:
    for _ in range(2):
        assert project.run("--then", "known").returncode == 3
    assert project.run("--then", "crash").returncode == 1  # other trouble
    quiet = project.run("--then", "crash")
    assert "no mail: the same trouble was mailed at" in quiet.stderr
    assert subjects(mailbox) == ["tiny: failed (paper)", "tiny: crashed (paper)"]
    with sqlite3.connect(project.data / "kalshi_paper.db") as store:  # an hour passes
        store.execute("UPDATE notices SET sent_at = replace(sent_at, '2', '1') WHERE key LIKE '%failed%'")
    store.close()
    project.run("--then", "known")
    assert subjects(mailbox)[2:] == ["tiny: failed (paper)"]


def test_runs_that_end_well_mail_each_time_and_each_run_once(project: Project, mailbox: str) -> None:
    for then in ("", "holiday", ""):
        assert project.run("--then", then).returncode == 0
    assert subjects(mailbox) == ["tiny: ok (paper)", "tiny: nothing to do (paper)", "tiny: ok (paper)"]


def test_a_run_that_is_not_worth_a_mail_mails_alarms_and_failures_all_the_same(project: Project, mailbox: str) -> None:
    project.run("--then", "quiet")
    assert subjects(mailbox) == []
    project.run("--then", "quiet failure")
    assert subjects(mailbox) == ["tiny: failed (paper)"]
    with sqlite3.connect(project.data / "kalshi_paper.db") as store:  # as one that was killed leaves it
        store.execute("UPDATE runs SET status = 'running', ended_at = NULL")
    store.close()
    assert project.run("--then", "quiet", "--no-email").returncode == 0
    assert len(subjects(mailbox)) == 1  # a person does not want any
    with sqlite3.connect(project.data / "kalshi_paper.db") as store:
        store.execute("UPDATE runs SET status = 'running', ended_at = NULL")
    store.close()
    project.run("--then", "quiet")
    assert subjects(mailbox)[1:] == ["tiny: ok, with an alarm (paper)"]


def test_a_mail_that_could_not_be_sent_is_tried_again_by_the_next_run(project: Project, mailbox: str) -> None:
    assert project.run("--then", "known", AWS_ENDPOINT_URL="http://127.0.0.1:9").returncode == 3
    assert subjects(mailbox) == []
    assert project.run("--then", "known").returncode == 3
    assert subjects(mailbox) == ["tiny: failed (paper)"]


def test_a_job_that_hangs_is_mailed_by_the_next_start(project: Project, mailbox: str) -> None:
    first = project.start("--then", "wait")
    try:
        assert first.stdout.readline() == "ready\n"
        note = project.data / "tiny_paper.holder.json"
        row = json.loads(note.read_text(encoding="utf-8"))
        assert row["ends_by"] > row["started_at"]
        past = {"started_at": "2026-10-07T15:00:00+00:00", "ends_by": "2026-10-07T15:15:00+00:00"}
        note.write_text(json.dumps(row | past), encoding="utf-8")
        for _ in range(2):
            second = project.run()
            assert second.returncode == 4
            assert f"job tiny_paper hangs (pid {first.pid}" in second.stderr
        assert len(subjects(mailbox)) == 1
    finally:
        first.kill()
        first.communicate()
