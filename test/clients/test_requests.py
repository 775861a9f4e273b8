"""What a fake server receives: reads are repeated within bounds, writes leave exactly once."""

from __future__ import annotations

import gzip
import json
import logging
import socket
import threading
import time
import traceback

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from requests.adapters import BaseAdapter

from kalshi.clients import MAX_ATTEMPTS, RETRYABLE_METHODS, ExchangeClient, KalshiClient
from kalshi.errors import (
    AuthenticationError,
    ConfigError,
    ExchangeError,
    NotFound,
    OrderRejected,
    OutcomeUnknown,
    RateLimited,
    ResponseError,
    Unavailable,
)
from kalshi.exchange.signing import Credentials, verify

PATH = "/exchange/schedule"
ORDERS = "/portfolio/events/orders"


def test_only_reads_may_be_repeated():
    assert frozenset({"GET"}) == RETRYABLE_METHODS


def test_a_read_is_repeated_after_503_with_a_fresh_signature_each_time(wire, client, ticker, reply, signed):
    def busy(_):
        ticker.now += 1
        return reply(503, "")

    wire.script(busy, busy, busy, reply(200, b"fine"))
    assert client.get(PATH) == b"fine"
    assert wire.count("GET", PATH) == 4
    assert all(signed(seen) for seen in wire.seen)
    assert len({seen.headers["KALSHI-ACCESS-TIMESTAMP"] for seen in wire.seen}) == 4
    assert len({seen.headers["KALSHI-ACCESS-SIGNATURE"] for seen in wire.seen}) == 4


def test_a_read_gives_up_after_its_attempts(wire, client, reply):
    wire.script(reply(503, {"error": {"code": "down", "message": "try later"}}))
    with pytest.raises(Unavailable, match="gave up after 6 attempts") as caught:
        client.get(PATH)
    assert len(wire.seen) == MAX_ATTEMPTS == 6
    assert (caught.value.status, caught.value.code, caught.value.path) == (503, "down", PATH)


def test_waits_double_up_to_a_cap_and_are_full_jitter(wire, make_client, ticker, reply):
    wire.script(reply(500))
    with pytest.raises(Unavailable):
        make_client(random=lambda: 0.999).get(PATH)
    upper = [wait / 0.999 for wait in ticker.sleeps]
    assert upper == pytest.approx([0.25, 0.5, 1.0, 2.0, 4.0])
    ticker.sleeps.clear()
    with pytest.raises(Unavailable):
        make_client(random=lambda: 0.0).get(PATH)
    assert set(ticker.sleeps) == {0.0}


def test_a_read_stops_when_its_time_budget_is_used_up(wire, make_client, ticker, reply):
    def slow(_):
        ticker.now += 4
        return reply(503)

    wire.script(slow)
    with pytest.raises(Unavailable, match="gave up after 3 attempts"):
        make_client(read_budget_s=10).get(PATH)
    assert len(wire.seen) == 3


def test_a_read_is_repeated_after_429(wire, client, ticker, reply):
    wire.script(reply(429, {"error": "too many requests"}), reply(200, b"ok"))
    assert client.get(PATH) == b"ok"
    wire.script(reply(429, {"error": "too many requests"}))
    with pytest.raises(RateLimited, match="too many requests"):
        client.get(PATH)


def test_429_empties_the_bucket_so_that_the_next_read_waits_for_its_price(wire, make_client, ticker, reply):
    wire.script(reply(429), reply(200))
    make_client(random=lambda: 0.0).get(PATH)
    assert sum(ticker.sleeps) == pytest.approx(10 / 170)


@pytest.mark.parametrize("status, kind", [(400, ExchangeError), (403, AuthenticationError), (404, NotFound)])
def test_a_refused_read_is_not_repeated(wire, client, reply, status, kind):
    wire.script(reply(status, {"code": "no", "message": "m", "details": "d"}))
    with pytest.raises(kind) as caught:
        client.get(PATH)
    assert len(wire.seen) == 1
    assert type(caught.value) is kind and caught.value.code == "no"


def test_an_answer_cut_in_mid_body_is_read_again(wire, client, reply):
    wire.script(reply(200, b"x" * 5000, cut=100), reply(200, b"whole"))
    assert client.get(PATH) == b"whole"
    assert len(wire.seen) == 2


def test_a_read_without_answer_is_a_timeout_that_is_repeated(wire, make_client, reply):
    wire.script(reply(hang=True), reply(200, b"late"))
    assert make_client(timeout_s=(5.0, 2.0)).get(PATH) == b"late"
    assert len(wire.seen) == 2


def test_a_body_that_drips_can_not_outlast_the_budget(wire, make_client, ticker):
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(5)
    client = ExchangeClient(
        f"http://127.0.0.1:{listener.getsockname()[1]}/trade-api/v2",
        clock=ticker, monotonic=ticker, sleep=ticker.sleep, read_budget_s=5, timeout_s=(2, 2),
    )  # fmt: skip

    def drip() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx")
            ticker.now += 6
            connection.sendall(b"x")
            connection.recv(1)  # until the client hangs up

    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    with pytest.raises(Unavailable, match="no answer in time"):
        client.get(PATH)
    thread.join(5)
    assert not thread.is_alive()
    listener.close()


def test_a_redirect_is_an_error_and_is_not_followed(wire, client, reply):
    wire.script(reply(301, headers={"Location": wire.base_url + "/elsewhere"}))
    with pytest.raises(ExchangeError, match="redirects are not followed"):
        client.get(PATH)
    with pytest.raises(OutcomeUnknown):
        client.write("POST", ORDERS, body=b"{}")
    assert [seen.path for seen in wire.seen] == [PATH, ORDERS]


def test_a_body_above_the_bound_is_refused(wire, client, reply):
    client.max_body_bytes = 10_000
    bomb = gzip.compress(b"0" * 1_000_000)
    wire.script(reply(200, b"x" * 10_001), reply(200, bomb, headers={"Content-Encoding": "gzip"}))
    for _ in range(2):
        with pytest.raises(ResponseError, match="longer than 10000 bytes"):
            client.get(PATH)
    with pytest.raises(OutcomeUnknown, match="longer than"):
        client.write("POST", ORDERS, body=b"{}")


def test_compressed_answers_are_unpacked(wire, client, reply):
    text = json.dumps({"a": "b" * 100_000}).encode()
    wire.script(reply(200, gzip.compress(text), headers={"Content-Encoding": "gzip"}))
    assert client.get(PATH) == text


# writes


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
@pytest.mark.parametrize("status", [500, 502, 503, 504, 408, 499, 302])
def test_a_write_leaves_once_and_its_outcome_is_unknown(wire, client, ticker, reply, method, status):
    wire.script(reply(status, "<html><body>bad gateway</body></html>"))
    with pytest.raises(OutcomeUnknown, match="look it up"):
        client.write(method, ORDERS, body=b"{}")
    assert wire.count(method, ORDERS) == len(wire.seen) == 1
    assert ticker.sleeps == []


@pytest.mark.parametrize("lost", [{"hang": True}, {"body": b"x" * 900, "cut": 10}, {"body": b"x", "cut": 0}])
def test_a_write_whose_answer_is_lost_leaves_once_and_its_outcome_is_unknown(wire, make_client, reply, lost):
    wire.script(reply(201, **lost))
    with pytest.raises(OutcomeUnknown) as caught:
        make_client(timeout_s=(5.0, 1.0)).write("POST", ORDERS, body=b"{}")
    assert wire.count("POST") == 1
    assert caught.value.exit_code == 6


@pytest.mark.parametrize(
    "status, body, kind, code",
    [
        (400, {"error": {"code": "invalid_order", "details": "x"}}, OrderRejected, "invalid_order"),
        (400, {"msg": "count is wrong"}, OrderRejected, ""),
        (401, {"error": {"code": "authentication_error"}}, AuthenticationError, "authentication_error"),
        (403, "", AuthenticationError, ""),
        (404, {"error": {"code": "not_found"}}, NotFound, "not_found"),
        (409, {"error": {"code": "order_already_exists"}}, OrderRejected, "order_already_exists"),
        (409, {"code": "trading_is_paused"}, OrderRejected, "trading_is_paused"),
        (410, {"error": {"code": "deprecated"}}, OrderRejected, "deprecated"),
        (429, {"error": "too many requests"}, RateLimited, ""),
    ],
)
def test_a_definite_refusal_of_a_write_keeps_its_code(wire, client, reply, status, body, kind, code):
    wire.script(reply(status, body))
    with pytest.raises(kind) as caught:
        client.write("POST", ORDERS, body=b"{}")
    assert type(caught.value) is kind
    assert (caught.value.code, caught.value.status) == (code, status)
    assert len(wire.seen) == 1


def test_a_write_to_a_closed_port_was_certainly_not_sent(ticker):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    client = make_bare(port, ticker)
    with pytest.raises(OrderRejected, match=r"was not sent: no connection to 127\.0\.0\.1") as caught:
        client.write("POST", ORDERS, body=b"{}")
    assert caught.value.code == "not_sent"
    with pytest.raises(Unavailable, match=r"no connection to 127\.0\.0\.1"):
        client.get(PATH)


def make_bare(port: int, ticker) -> KalshiClient:
    return KalshiClient(
        f"http://127.0.0.1:{port}/trade-api/v2",
        Credentials("k", Ed25519PrivateKey.generate()),
        monotonic=ticker,
        sleep=ticker.sleep,
    )


def test_a_connection_that_closes_without_a_word_leaves_a_write_unknown(ticker):
    listener = socket.create_server(("127.0.0.1", 0))
    client = make_bare(listener.getsockname()[1], ticker)

    def hang_up() -> None:
        connection, _ = listener.accept()
        connection.recv(65536)
        connection.close()

    thread = threading.Thread(target=hang_up, daemon=True)
    thread.start()
    with pytest.raises(OutcomeUnknown):
        client.write("POST", ORDERS, body=b"{}")
    thread.join(5)
    listener.close()


def test_writes_are_stopped_before_sending_without_a_key_or_permission(wire, make_client):
    with pytest.raises(ConfigError, match="was not sent: it needs KALSHI_KEY_ID"):
        make_client(credentials=None).write("POST", ORDERS, body=b"{}")
    with pytest.raises(ConfigError, match="KALSHI_LIVE_TRADING"):
        make_client(writes_allowed=False).write("DELETE", ORDERS)
    assert wire.seen == []


def test_the_live_hosts_take_writes_only_when_told_so():
    live = "https://external-api.kalshi.com/trade-api/v2"
    assert KalshiClient(live).writes_allowed is False
    assert KalshiClient(live, writes_allowed=True).writes_allowed is True
    assert KalshiClient("https://external-api.demo.kalshi.co/trade-api/v2").writes_allowed is True


def test_a_batch_larger_than_the_write_bucket_is_not_sent(wire, client):
    with pytest.raises(ConfigError, match="11 orders cost 110 tokens, the write bucket holds 100"):
        client.write("POST", ORDERS + "/batched", body=b"{}", items=11)
    assert wire.seen == []


# the clock


def stale(reply):
    return reply(401, {"error": {"code": "header_timestamp_expired", "message": "expired"}})


def test_a_stale_clock_is_set_by_the_date_header_once_and_kept(wire, client, ticker, reply):
    wire.date = ticker.now + 90
    wire.script(stale(reply), reply(200, b"ok"))
    assert client.get(PATH) == b"ok"
    first, second = (int(seen.headers["KALSHI-ACCESS-TIMESTAMP"]) for seen in wire.seen)
    assert 89_000 <= second - first <= 91_000
    assert client.clock_offset_s == pytest.approx(90, abs=1)
    wire.script(reply(200))
    client.get(PATH)
    assert int(wire.seen[0].headers["KALSHI-ACCESS-TIMESTAMP"]) >= second


def test_a_second_401_is_final(wire, client, ticker, reply):
    wire.date = ticker.now + 90
    wire.script(stale(reply))
    with pytest.raises(AuthenticationError, match="header_timestamp_expired"):
        client.get(PATH)
    assert len(wire.seen) == 2


def test_a_wrong_signature_is_final_at_once(wire, client, ticker, reply):
    wire.date = ticker.now + 90
    body = {"error": {"code": "authentication_error", "details": "INCORRECT_API_KEY_SIGNATURE"}}
    wire.script(reply(401, body))
    with pytest.raises(AuthenticationError, match="INCORRECT_API_KEY_SIGNATURE"):
        client.get(PATH)
    assert len(wire.seen) == 1
    assert client.clock_offset_s == 0


def test_a_401_without_a_code_counts_as_stale_only_if_the_clocks_differ(wire, client, ticker, reply):
    wire.date = ticker.now
    wire.script(reply(401, ""))
    with pytest.raises(AuthenticationError):
        client.get(PATH)
    assert len(wire.seen) == 1
    wire.date = ticker.now - 30
    wire.script(reply(401, ""), reply(200))
    client.get(PATH)
    assert len(wire.seen) == 2


def test_a_write_with_a_stale_clock_corrects_the_clock_but_leaves_once(wire, client, ticker, reply):
    wire.date = ticker.now + 90
    wire.script(stale(reply), reply(201))
    with pytest.raises(AuthenticationError):
        client.write("POST", ORDERS, body=b"{}")
    assert wire.count("POST") == 1
    client.write("POST", ORDERS, body=b"{}")
    first, second = (int(seen.headers["KALSHI-ACCESS-TIMESTAMP"]) for seen in wire.seen)
    assert second - first >= 89_000


# what people see


def test_neither_errors_nor_logs_show_key_or_signature(wire, client, reply, caplog):
    def echo(seen):
        lines = [f"{name}: {value}" for name, value in seen.headers.items()]
        return reply(503, "<p>" + "\n".join(lines) + "</p>")

    caplog.set_level(logging.DEBUG)
    wire.script(echo)
    shown = []
    for call in (lambda: client.get(PATH), lambda: client.write("POST", ORDERS, body=b"{}")):
        with pytest.raises(ExchangeError) as caught:
            call()
        assert "\n" not in str(caught.value)
        shown += [str(caught.value), caught.value.body, *traceback.format_exception(caught.value)]
    shown += [repr(client), caplog.text]
    for seen in wire.seen:
        for secret in ("KALSHI-ACCESS-KEY", "KALSHI-ACCESS-SIGNATURE"):
            assert not any(seen.headers[secret] in text for text in shown)


def test_proxies_and_netrc_do_not_apply_on_loopback(wire, make_client, monkeypatch, tmp_path, reply):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login user password word\n")
    monkeypatch.setenv("NETRC", str(netrc))
    wire.script(reply(200, b"direct"))
    assert make_client().get(PATH) == b"direct"
    assert "Authorization" not in wire.seen[0].headers


def test_other_hosts_use_the_proxy_of_the_environment(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    session = requests.Session()
    KalshiClient("https://external-api.demo.kalshi.co/trade-api/v2", session=session)
    assert session.proxies["https"] == "http://127.0.0.1:9"


@pytest.mark.parametrize("base", ["http://example.com/trade-api/v2", "https://evil.test/trade-api/v2", "http://127.0.0.1:1/"])
def test_other_hosts_are_refused(base):
    with pytest.raises(ConfigError):
        KalshiClient(base)


def test_public_reads_go_unsigned_without_a_key(wire, make_client, reply):
    client = make_client(credentials=None)
    client.get(PATH, [("limit", "5"), ("tickers", "A,B")])
    assert not [name for name in wire.seen[0].headers if name.upper().startswith("KALSHI")]
    assert wire.seen[0].query == [("limit", "5"), ("tickers", "A,B")]


def test_the_query_is_sent_but_not_signed(wire, client, signed):
    client.get("/portfolio/fills", [("ticker", "KX-1 & 2"), ("limit", "7")])
    assert signed(wire.seen[0])
    assert wire.seen[0].query == [("ticker", "KX-1 & 2"), ("limit", "7")]


def test_an_adapter_in_this_process_gets_the_same_signed_bytes(make_client):
    class Inside(BaseAdapter):
        def send(self, request, **_):
            self.request = request
            response = requests.Response()
            response.status_code = 200
            response._content = b"inside"
            response.request = request
            return response

        def close(self):
            pass

    adapter, session = Inside(), requests.Session()
    session.mount("https://paper.invalid/", adapter)
    key = Ed25519PrivateKey.generate()
    client = KalshiClient("https://paper.invalid/trade-api/v2", Credentials("k", key), session=session)
    assert client.write("POST", ORDERS, body=b"{}") == b"inside"
    headers = adapter.request.headers
    signature, stamp = headers["KALSHI-ACCESS-SIGNATURE"], int(headers["KALSHI-ACCESS-TIMESTAMP"])
    assert verify(key.public_key(), signature, stamp, "POST", "/trade-api/v2" + ORDERS)
    assert adapter.request.body == b"{}"


def test_an_error_status_with_a_usable_body_is_an_answer(wire, client, reply):
    wire.script(reply(503, b'{"exchange_active": false}'))
    assert client.get("/exchange/status", usable=lambda body: b"exchange_active" in body)
    assert len(wire.seen) == 1


def test_a_write_that_waited_for_its_turn_has_all_the_time_for_its_answer(wire, client, ticker, reply):
    def slowly(_):
        time.sleep(0.4)
        return reply(201, b"{}")

    wire.script(slowly)
    client.pacer.refused("POST", ORDERS)
    client.pacer.learn = lambda: ticker.sleep(60)  # the account's limits are read before the first wait
    assert client.write("POST", ORDERS, body=b"{}") == b"{}"
