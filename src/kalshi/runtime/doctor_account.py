"""What the exchange says of the account and of itself: key, permissions, attestation, hours, balance by shard."""

from __future__ import annotations

from datetime import UTC, datetime

from kalshi.clients import ExchangeClient
from kalshi.config import Config
from kalshi.errors import ConfigError
from kalshi.runtime.clock import Clock, new_york_text
from kalshi.runtime.findings import NOT_ASKED, WARN, WRONG, Answer, Finding, finding
from kalshi.trading.opening_hours import why_closed
from kalshi.trading.venue import ATTESTATION_WARNING, shards_in_words

READS, PLACES = ("read",), ("write", "write::trade")


def examine_account(config: Config, client: ExchangeClient, clock: Clock) -> list[Finding]:
    """Return the findings of all checks that only the exchange can answer; none of them changes anything.

    One that does not answer is not asked further questions.
    """
    answers = finding("exchange", lambda: _open(client, clock))
    if answers.state == WRONG:
        return [answers]
    return [
        answers,
        finding("balance", lambda: _balance(client)),
        finding("permissions", lambda: _permissions(config, client)),
        finding("attestation", lambda: _attestation(config, client, clock)),
    ]


def _open(client: ExchangeClient, clock: Clock) -> Answer:
    status = client.exchange_status()
    shards = status.exchange_index_statuses or []
    paused = [str(one.exchange_index) for one in shards if not (one.exchange_active and one.trading_active)]
    closed = why_closed(client.exchange_schedule(), clock())
    if paused or not (status.exchange_active and status.trading_active):
        back = status.exchange_estimated_resume_time
        until = f", expected back {new_york_text(back)}" if back else ""
        return WARN, f"trading is paused on shard {', '.join(paused) or '0'}{until}: orders are refused meanwhile"
    if closed:
        return WARN, f"{closed}: orders are refused meanwhile"
    return f"trades on {len(shards) or 1} shards"


def _balance(client: ExchangeClient) -> Answer:
    balance = client.balance()
    text = f"${balance.balance_dollars} ({shards_in_words(balance)})"
    if balance.balance_dollars <= 0:
        return WARN, f"{text}: no order can be paid for"
    return text


def _permissions(config: Config, client: ExchangeClient) -> Answer:
    mine = next((key for key in client.api_keys().api_keys if key.api_key_id == config.key_id), None)
    if mine is None:
        if config.mode == "paper":
            return NOT_ASKED, "the paper exchange's own key"
        return WARN, "the exchange does not list this key: its scopes are not known"
    scopes = ", ".join(mine.scopes) or "none"
    if not set(READS) & set(mine.scopes) or not set(PLACES) & set(mine.scopes):
        raise ConfigError(f"this key has the scopes {scopes}: trading needs read and write::trade; make a new key")
    if mine.subaccount:
        return WARN, f"{scopes}; locked to subaccount {mine.subaccount}, but orders are for subaccount 0"
    return scopes


def _attestation(config: Config, client: ExchangeClient, clock: Clock) -> Answer:
    if config.mode == "paper":
        return NOT_ASKED, "the paper exchange asks for none"
    ends = client.api_keys().api_key_region_expiration_ts
    if ends is None:
        return WARN, "never made: sports, elections and entertainment can not be traded; other categories can"
    until = datetime.fromtimestamp(ends, UTC)
    if until <= clock():
        return WARN, (
            f"ended {new_york_text(until)}: sports, elections and entertainment can not be traded until you "
            "renew it on the exchange's page"
        )
    if until - clock() <= ATTESTATION_WARNING:
        return WARN, f"ends {new_york_text(until)}: renew it on the exchange's page"
    return f"until {new_york_text(until)}"
