"""The served exchange over real sockets: our own client against it, and what a careless caller sends."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import stat
import subprocess
import sys
import threading
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from kalshi.errors import ConfigError, NotFound, OrderRejected
from kalshi.exchange.models import CreateOrder
from kalshi.paper.keys import key_file_of
from kalshi.paper.market_clock import StepClock, market_clock, new_york_time
from kalshi.paper.served import listen

D = Decimal
SRC = Path(__file__).resolve().parents[2] / "src"
TICKER = "KXTSAW-26OCT11-A2.50"
PREFIX = "/trade-api/v2"


def order(name, price="0.40", count="5", tif="immediate_or_cancel", **more):
    return CreateOrder(
        ticker=TICKER,
        side="bid",
        count=D(count),
        price=D(price),
        time_in_force=tif,
        self_trade_prevention_type="maker",
        client_order_id=name,
        **more,
    )


def raw(base, method, path, body=b"", headers=None):
    connection = http.client.HTTPConnection(urlsplit(base).netloc, timeout=10)
    connection.request(method, path, body, headers or {})
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, answer, content


def test_our_client_trades_with_it_and_a_restart_forgets_nothing(served):
    server = served()
    client = server.client()
    assert client.exchange_status().trading_active
    assert [market.ticker for market in client.markets()] == [TICKER]
    created = client.create_order(order("one"))
    assert (created.fill_count, client.balance().balance_dollars) == (5, D("997.916"))
    rest = client.create_order(order("two", "0.20", tif="good_till_canceled"))
    assert client.account_limits().usage_tier == "basic"
    group = client.create_order_group(D(5), exchange_index=0)
    grouped = client.create_order(
        order("three", "0.10", tif="good_till_canceled", order_group_id=group.order_group_id)
    )
    assert client.order_group(group.order_group_id).orders == [grouped.order_id]
    before = [one.order_id for one in client.orders()], [one.fill_id for one in client.fills()]
    assert stat.S_IMODE(key_file_of(server.state).stat().st_mode) == 0o600
    assert server.stop(signal.SIGTERM) == (0, "")
    client = server.start().client()
    assert ([one.order_id for one in client.orders()], [one.fill_id for one in client.fills()]) == before
    client.cancel_order(rest.order_id, market_ticker=TICKER)
    with pytest.raises(NotFound):
        client.cancel_order(rest.order_id, market_ticker=TICKER)
    with pytest.raises(OrderRejected) as caught:
        client.create_order(order("one"))
    assert caught.value.code == "order_already_exists"
    assert server.stop(signal.SIGINT) == (0, "")


def test_reset_forgets_the_state_and_keeps_the_key(served):
    server = served()
    server.client().create_order(order("one"))
    key = key_file_of(server.state).read_bytes()
    server.stop()
    server.options += ("--reset",)
    client = server.start().client()
    assert (list(client.orders()), list(client.markets())) == ([], [])
    assert client.balance().balance_dollars == 1000
    assert key_file_of(server.state).read_bytes() == key


def test_careless_callers_get_an_answer_without_a_traceback(served):
    server = served()
    base = server.base
    large = b"x" * 1_100_000
    for method, path, body, status in [
        ("GET", "/", b"", 200),
        ("GET", "/nothing", b"", 404),
        ("GET", f"{PREFIX}/portfolio/balance", b"", 401),
        ("GET", f"{PREFIX}/markets?limit=9999", b"", 400),
        ("GET", f"{PREFIX}/markets?limit=%ff", b"", 400),
        ("GET", f"{PREFIX}/markets/%00%ff", b"", 404),
        ("PATCH", f"{PREFIX}/markets", b"", 404),
        ("POST", f"{PREFIX}/portfolio/events/orders", large, 413),
    ]:
        got, answer, content = raw(base, method, path, body)
        assert (got, b"Traceback" in content) == (status, False), (method, path, content)
        assert answer.getheader("server") is None
    with socket.create_connection(urlsplit(base).netloc.split(":")) as line:
        line.sendall(b"NOT HTTP AT ALL\r\n\r\n")
        assert line.recv(100).startswith(b"HTTP/1.1 400")
    with socket.create_connection(urlsplit(base).netloc.split(":")) as line:
        line.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 300_000)  # and no end
        assert b" 400 " in line.recv(100)
    assert raw(base, "GET", f"{PREFIX}/exchange/status")[0] == 200
    assert server.stop()[0] == 0


IMPATIENT = """
import socket, sys
from datetime import UTC, datetime
from kalshi.paper import served
from kalshi.paper.exchange import PaperExchange
from kalshi.paper.faults import Faults
exchange = PaperExchange(None, lambda: datetime(2026, 10, 5, 14, tzinfo=UTC))
listener = served.listen("127.0.0.1", 0)
print(listener.getsockname()[1], flush=True)
served.serve(served.application(Faults(exchange), body_wait_s=0.3), listener, headers_wait_s=0.3)
"""


@pytest.mark.parametrize(
    "sent, answered",
    [
        (b"", b""),  # connects and says nothing
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: ", b""),  # begins headers and never ends them
        (b"GET /trade-api/v2/exchange/status HTTP/1.1\r\nHost: x\r\n\r\nGET / HT", b"200"),  # so does the second one
        (b"POST /trade-api/v2/markets HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf", b"408"),
    ],
)
def test_a_caller_that_dawdles_is_cut_off(sent, answered):
    command = [sys.executable, "-c", IMPATIENT]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={"PYTHONPATH": str(SRC)})
    assert process.stdout is not None
    port = int(process.stdout.readline())
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
            for number in range(0, len(sent), 7):
                line.sendall(sent[number : number + 7])
            got = b""
            while part := line.recv(1000):  # ends when the server closes; a timeout fails the test
                got += part
            assert answered in got
            assert bool(got) == bool(answered)
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def test_many_connections_at_once_take_nothing_twice(served):
    server = served(asks=[("0.40", "25")])
    filled = []

    def take(name):
        client = server.client()
        for number in range(10):
            filled.append(client.create_order(order(f"{name}-{number}", count="1")).fill_count)

    threads = [threading.Thread(target=take, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(filled), sum(filled)) == (40, 25)


def test_the_tier_is_enforced_with_429_and_no_retry_after(served):
    server = served("--tier", "basic")
    refused, statuses = [], set()

    def ask() -> None:  # many callers at once outrun the refill on a slow machine, too
        while not refused and len(statuses) < 5000:
            status, answer, content = raw(server.base, "GET", f"{PREFIX}/markets")
            statuses.add((status, len(statuses)))
            if status == 429:
                refused.append((json.loads(content), answer.getheader("retry-after")))

    callers = [threading.Thread(target=ask) for _ in range(8)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert refused and all(one == ({"error": "too many requests"}, None) for one in refused)
    assert {status for status, _ in statuses} == {200, 429}
    assert server.client().account_limits().read.refill_rate == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com"])
def test_other_machines_are_let_in_only_when_asked_for(host):
    with pytest.raises(ConfigError, match="--allow-remote"):
        listen(host, 0)


def test_a_port_in_use_is_one_line():
    with listen("127.0.0.1", 0) as taken, pytest.raises(ConfigError, match="choose another --port"):
        listen("127.0.0.1", taken.getsockname()[1])


@pytest.mark.parametrize(
    "options, said",
    [
        (["--host", "0.0.0.0"], "--allow-remote"),
        (["--scale", "0"], "scale"),
        (["--date", "yesterday"], "YYYY-MM-DD"),
        (["--tier", "gold"], "tier"),
        (["--scenario", "/no/such/file"], "scenario"),
        (["--control", "--allow-remote"], "--allow-remote"),
        (["--clock", "stepped", "--allow-remote", "--host", "0.0.0.0"], "/control is for this machine only"),
    ],
)
def test_bad_options_are_one_line_and_exit_code_two(tmp_path, options, said):
    command = [sys.executable, "-m", "kalshi.paper", "--state", str(tmp_path / "p.sqlite"), *options]
    (tmp_path / "none.env").touch()
    environment = {"PYTHONPATH": str(SRC), "KALSHI_ENV_FILE": str(tmp_path / "none.env")}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60)
    assert (done.returncode, len(done.stderr.splitlines()), said in done.stderr) == (2, 1, True), done.stderr
    assert not (tmp_path / "p.sqlite").exists()


def test_the_package_imports_without_the_server_libraries():
    code = "import kalshi.connect, kalshi.paper.exchange, sys; print({'starlette', 'uvicorn'} & set(sys.modules))"
    environment = {"PYTHONPATH": str(SRC)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=60)
    assert done.stdout == "set()\n", done.stderr


def test_a_market_clock_can_start_anywhere_and_run_faster():
    now = [100.0]
    clock = market_clock(lambda: 5.0, lambda: now[0], start=new_york_time("2026-10-05"), scale=60)
    assert clock().isoformat() == "2026-10-05T14:30:00+00:00"
    now[0] += 2
    assert clock().isoformat() == "2026-10-05T14:32:00+00:00"
    steps = StepClock(new_york_time("2026-10-05"))
    assert steps.advance(timedelta(hours=1)) == steps() == new_york_time("2026-10-05T11:30")
    with pytest.raises(ConfigError, match="can not go back"):
        steps.move_to(new_york_time("2026-10-05T11:29"))
    assert market_clock(lambda: 5.0, lambda: 0.0)().isoformat() == "1970-01-01T00:00:05+00:00"
