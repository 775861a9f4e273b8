"""Settings: what wins, what is refused, and what a person is told."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import FrozenInstanceError
from decimal import Decimal
from pathlib import Path

import pytest

from kalshi.config import OTHER_NAMES, PROJECT_ROOT, VARIABLES, load_config
from kalshi.errors import ConfigError
from kalshi.exchange.hosts import DEMO_BASE, LIVE_BASE, PAPER_BASE, check_api_base, is_live, is_loopback

SRC = Path(__file__).resolve().parents[1] / "src"


def test_defaults_are_those_of_the_readme():
    config = load_config({})
    assert (config.mode, config.api_base) == ("live", LIVE_BASE)
    assert (config.private_key_secret, config.aws_region) == ("kalshi_api_key", "us-east-1")
    assert (config.email_sender, config.email_recipient, config.key_id) == ("", "", "")
    assert config.live_trading is False and config.dry_run_forced is True
    assert config.data_dir == PROJECT_ROOT / "src" / "data"
    assert config.report_dir == PROJECT_ROOT / "src" / "reports"
    assert config.max_order_contracts == Decimal("100")


@pytest.mark.parametrize(
    "environ, argument, mode, base",
    [
        ({}, None, "live", LIVE_BASE),
        ({"DEMO_MODE": "true"}, None, "demo", DEMO_BASE),
        ({"DEMO_MODE": "false"}, None, "live", LIVE_BASE),
        ({"DEMO_MODE": "1", "KALSHI_MODE": "paper"}, None, "paper", PAPER_BASE),
        ({"DEMO_MODE": "false", "KALSHI_MODE": "demo"}, None, "demo", DEMO_BASE),
        ({"KALSHI_MODE": " Paper "}, None, "paper", PAPER_BASE),
        ({"KALSHI_MODE": ""}, None, "live", LIVE_BASE),
        ({"KALSHI_MODE": "live"}, "paper", "paper", PAPER_BASE),
        ({"DEMO_MODE": "true"}, "live", "live", LIVE_BASE),
    ],
)
def test_mode_and_host_are_picked_together(environ, argument, mode, base):
    config = load_config(environ, mode=argument)
    assert (config.mode, config.api_base) == (mode, base)


@pytest.mark.parametrize(
    "mode, live_trading, forced",
    [("live", "false", True), ("live", "true", False), ("demo", "false", False), ("paper", "false", False)],
)
def test_only_live_needs_the_switch(mode, live_trading, forced):
    config = load_config({"KALSHI_MODE": mode, "KALSHI_LIVE_TRADING": live_trading})
    assert config.dry_run_forced is forced


def refusal(environ: dict[str, str], **arguments) -> str:
    with pytest.raises(ConfigError) as caught:
        load_config(environ, **arguments)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2
    return str(caught.value)


@pytest.mark.parametrize(
    "name, suggestion",
    [
        ("KALSHI_KEYID", "did you mean KALSHI_KEY_ID?"),
        ("KALSHI_LIVE_TRADE", "did you mean KALSHI_LIVE_TRADING?"),
        ("KALSHI_PRIVATE_KEY", "did you mean KALSHI_PRIVATE_KEY_PATH?"),
        ("KALSHI_ZZZZZZZZZZ", "see .env.example"),
        ("KALSHI_FOO", "see .env.example"),
        ("kalshi_live_trading", "did you mean KALSHI_LIVE_TRADING?"),
    ],
)
def test_an_unknown_name_suggests_the_nearest(name, suggestion):
    message = refusal({name: "true"})
    assert name in message and suggestion in message and "(set in the environment)" in message


def test_names_of_others_are_left_alone():
    load_config({"PATH": "/bin", "KALSHA": "x", **dict.fromkeys(OTHER_NAMES, "x")})


@pytest.mark.parametrize(
    "name, value, told",
    [
        ("KALSHI_MODE", "prod", "paper, demo or live"),
        ("DEMO_MODE", "maybe", "true or false"),
        ("KALSHI_LIVE_TRADING", "ture", "true or false"),
        ("KALSHI_MAX_ORDER_COST", "ten", "25.00"),
        ("KALSHI_MAX_ORDER_COST", "-1", "not negative"),
        ("KALSHI_MAX_ORDER_COST", "NaN", "not negative"),
        ("KALSHI_MAX_ORDER_COST", "Infinity", "not negative"),
        ("KALSHI_MAX_ORDERS_PER_RUN", "2.5", "whole number"),
        ("KALSHI_MAX_ORDERS_PER_RUN", "0", "at least 1"),
        ("EMAIL_SENDER", "notanaddress", "'notanaddress' is no e-mail address"),
        ("EMAIL_RECIPIENT", "me@example.com, you@", "'you@' is no e-mail address"),
    ],
)
def test_a_value_that_can_not_be_read_is_named(name, value, told):
    message = refusal({name: value})
    assert f"{name}={value!r}" in message and told in message


def test_a_home_of_nobody_is_named():
    for name in ("KALSHI_DATA_DIR", "KALSHI_REPORT_DIR", "KALSHI_PRIVATE_KEY_PATH"):
        with pytest.raises(ConfigError, match=f"{name}='~nobody-here/x' is not valid: there is no such user"):
            load_config({name: "~nobody-here/x"})


def test_an_env_file_that_can_not_be_read_is_named(tmp_path):
    latin = tmp_path / "latin.env"
    latin.write_bytes("EMAIL_SENDER=j\xf6rg@example.com\n".encode("latin-1"))
    for path in (latin, tmp_path):
        with pytest.raises(ConfigError, match=f"{path} can not be read"):
            load_config(env_file=path)


@pytest.mark.parametrize(
    "text, told",
    [
        ("# mode\n\nKALSHI_MODE paper\n", "line 3: write NAME=value"),
        ("A=1\nKALSHI_MODE\n", "line 2: write NAME=value"),
        ('export KALSHI_MODE="paper\nA=1\n', "line 1: write NAME=value"),
        ("KALSHI_KEY_ID='secret\n", "line 1: write NAME=value"),
        ("KALSHI_MODE=paper\n# live\nKALSHI_MODE=live\n", "KALSHI_MODE is set in line 1 and again in line 3"),
    ],
)
def test_an_env_file_with_a_line_that_would_be_passed_over_is_refused(tmp_path, text, told):
    path = tmp_path / "slip.env"
    path.write_text(text)
    with pytest.raises(ConfigError, match=told) as caught:
        load_config(env_file=path)
    assert str(path) in str(caught.value) and "secret" not in str(caught.value)


def test_lines_that_are_clear_pass(tmp_path):
    path = tmp_path / "clear.env"
    clear = "\n# a comment\nexport KALSHI_MODE = 'demo' # why\n"
    path.write_text(clear + "KALSHI_KEY_ID=\"k\"\nMINE=1\nMINE='two\nlines'\n\n")
    assert read_in_a_new_process(tmp_path, KALSHI_ENV_FILE=str(path)).startswith("demo k ")


def test_an_unknown_mode_argument():
    assert "use paper, demo or live" in refusal({}, mode="production")


@pytest.mark.parametrize(
    "mode, base",
    [
        ("demo", LIVE_BASE),
        ("demo", PAPER_BASE),
        ("paper", LIVE_BASE),
        ("paper", DEMO_BASE),
        ("live", DEMO_BASE),
        ("live", PAPER_BASE),
    ],
)
def test_a_host_of_another_mode_is_refused(mode, base):
    message = refusal({"KALSHI_MODE": mode, "KALSHI_API_BASE": base})
    assert base in message and f"mode {mode}" in message


@pytest.mark.parametrize(
    "mode, base",
    [
        ("live", "https://api.elections.kalshi.com/trade-api/v2"),
        ("demo", "https://demo-api.kalshi.co/trade-api/v2/"),
        ("live", "http://127.0.0.1:8080/trade-api/v2"),
        ("paper", "http://localhost:1/trade-api/v2"),
        ("demo", "http://[::1]:9/trade-api/v2"),
    ],
)
def test_other_hosts_of_the_same_mode_and_loopback_are_accepted(mode, base):
    assert load_config({"KALSHI_MODE": mode, "KALSHI_API_BASE": base}).api_base == base.rstrip("/")


@pytest.mark.parametrize(
    "base",
    [
        "http://external-api.kalshi.com/trade-api/v2",
        "https://external-api.kalshi.com.evil.test/trade-api/v2",
        "https://external-api.kalshi.com@evil.test/trade-api/v2",
        "https://user:password@external-api.kalshi.com/trade-api/v2",
        "https://external-api.kalshi.com/trade-api/v1",
        "https://external-api.kalshi.com",
        "https://external-api.kalshi.com/trade-api/v2?x=1",
        "http://127.0.0.1.evil.test/trade-api/v2",
        "http://192.168.0.4/trade-api/v2",
        "ftp://127.0.0.1/trade-api/v2",
        "http://127.0.0.1:port/trade-api/v2",
        "http://[::1/trade-api/v2",
        "nonsense",
        "",
    ],
)
def test_a_base_that_is_not_allowed(base):
    with pytest.raises(ConfigError) as caught:
        check_api_base(base)
    assert "\n" not in str(caught.value) and "password" not in str(caught.value)


def test_live_and_loopback_are_told_apart():
    assert is_live(LIVE_BASE) and not is_live(DEMO_BASE) and not is_live(PAPER_BASE)
    assert is_loopback("http://127.0.0.1:1/") and not is_loopback(PAPER_BASE)


def test_repr_masks_what_is_secret_and_nothing_else():
    config = load_config(
        {
            "KALSHI_KEY_ID": "visible-key",
            "KALSHI_PRIVATE_KEY_PASSWORD": "open sesame",
            "KALSHI_PRIVATE_KEY_PATH": "/somewhere/key.pem",
            "KALSHI_PRIVATE_KEY_SECRET": "secret-name",
            "KALSHI_MODE": "demo",
        }
    )
    for shown in (repr(config), str(config), f"{config}"):
        for secret in ("visible-key", "open sesame", "somewhere", "secret-name"):
            assert secret not in shown
        assert "mode='demo'" in shown and "key_id=***" in shown


def test_settings_are_frozen():
    with pytest.raises(FrozenInstanceError):
        load_config({}).mode = "live"  # type: ignore[misc]


def test_every_variable_has_a_field_and_a_meaning():
    names = [variable.name for variable in VARIABLES]
    assert len(names) == len(set(names))
    assert all(variable.meaning for variable in VARIABLES)


def read_in_a_new_process(folder: Path, **environ: str) -> str:
    program = "from kalshi.config import load_config; c = load_config(); print(c.mode, c.key_id, c.data_dir)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(SRC), "PATH": os.environ.get("PATH", "")} | environ,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.stdout.strip() or done.stderr.strip().splitlines()[-1]


def test_an_env_file_fills_in_what_the_environment_leaves_open(tmp_path):
    env_file = tmp_path / "settings.env"
    env_file.write_text("KALSHI_MODE=demo\nKALSHI_KEY_ID=from-file\nKALSHI_DATA_DIR=/tmp/elsewhere\n")
    chosen = {"KALSHI_ENV_FILE": str(env_file)}
    assert read_in_a_new_process(tmp_path, **chosen) == "demo from-file /tmp/elsewhere"
    assert (
        read_in_a_new_process(tmp_path, KALSHI_KEY_ID="from-environment", **chosen)
        == "demo from-environment /tmp/elsewhere"
    )


def test_a_misspelt_name_in_the_env_file_is_caught(tmp_path):
    env_file = tmp_path / "settings.env"
    env_file.write_text("KALSHI_LIVE_TRADNG=true\n")
    told = read_in_a_new_process(tmp_path, KALSHI_ENV_FILE=str(env_file))
    assert f"did you mean KALSHI_LIVE_TRADING? (set in {env_file})" in told


@pytest.mark.parametrize(
    "name, meant",
    [
        ("EMAIL_SENDR", "EMAIL_SENDER"),
        ("DEMO_MOD", "DEMO_MODE"),
        ("email_recipient", "EMAIL_RECIPIENT"),
        ("AWS_REGON", "AWS_REGION"),
    ],
)
def test_a_slip_of_the_finger_in_the_env_file_is_caught_whatever_it_begins_with(tmp_path, name, meant):
    env_file = tmp_path / "settings.env"
    env_file.write_text(f"AWS_PROFILE=p\nAWS_DEFAULT_REGION=r\nMY_MODE=x\n{name}=true\n")
    told = read_in_a_new_process(tmp_path, KALSHI_ENV_FILE=str(env_file))
    assert f"unknown variable {name}: did you mean {meant}?" in told


def test_other_names_in_the_env_file_are_left_alone(tmp_path):
    env_file = tmp_path / "settings.env"
    env_file.write_text("KALSHI_MODE=demo\nAWS_PROFILE=p\nAWS_DEFAULT_REGION=r\nDEV_MODE=x\nEMAIL_HOST=y\nKALSHI_KEY_ID=k\n")
    assert read_in_a_new_process(tmp_path, KALSHI_ENV_FILE=str(env_file)).startswith("demo k ")


def test_addresses_may_bear_names_and_be_several():
    sender, recipients = "The bot <bot@example.com>", "a@localhost, b@example.com,"
    config = load_config({"EMAIL_SENDER": sender, "EMAIL_RECIPIENT": recipients})
    assert (config.email_sender, config.email_recipient) == (sender, recipients)


def test_an_env_file_that_does_not_exist_is_named(tmp_path):
    told = read_in_a_new_process(tmp_path, KALSHI_ENV_FILE=str(tmp_path / "none.env"))
    assert "KALSHI_ENV_FILE names" in told and "none.env" in told


def test_relative_directories_start_at_the_project():
    config = load_config({"KALSHI_DATA_DIR": "cache", "KALSHI_REPORT_DIR": "~/reports"})
    assert config.data_dir == PROJECT_ROOT / "cache"
    assert config.report_dir == Path.home() / "reports"


@pytest.mark.parametrize("url", ["mysql://u:topsecret@h/d", "sqlite:////x", "postgresql:u:topsecret@h", "topsecret"])
def test_another_database_url_is_refused_without_its_password(url):
    with pytest.raises(ConfigError, match=r"DATABASE_URL.* is not valid: expected postgresql://") as caught:
        load_config({"DATABASE_URL": url})
    assert "topsecret" not in str(caught.value)


@pytest.mark.parametrize("url", ["postgresql://u:top[secret@h/d", "postgresql://u:x@h:topsecret/d"])
def test_a_database_url_that_can_not_be_read_is_one_line_without_its_password(url):
    with pytest.raises(ConfigError, match=r"DATABASE_URL is not valid: write special characters") as caught:
        load_config({"DATABASE_URL": url})
    assert "secret" not in str(caught.value)


def test_the_database_url_is_masked():
    config = load_config({"DATABASE_URL": "postgres://u:topsecret@h/d"})
    assert config.database_url.startswith("postgres://") and "topsecret" not in repr(config)
