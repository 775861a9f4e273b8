"""`.env.example`, the table of variables and the fields of Config name the same settings."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from kalshi.config import VARIABLES, Config, load_config

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / ".env.example"
AWS_NAMES = {"AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}
FRIENDLY_START = {"KALSHI_MODE": "paper"}


def example() -> dict[str, str]:
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    found = [re.fullmatch(r"(?:# )?([A-Z][A-Z_]+)=(.*)", line) for line in lines]
    return {match[1]: match[2] for match in found if match}


def test_every_variable_is_there_with_its_default() -> None:
    wanted = {variable.name: variable.default for variable in VARIABLES} | FRIENDLY_START
    assert {name: value for name, value in example().items() if name not in AWS_NAMES} == wanted


def test_aws_names_are_there() -> None:
    assert set(example()) >= AWS_NAMES


def test_the_readme_has_every_variable_with_its_default() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ((?:`[A-Z_]+`(?:, )?)+) \| ([^|]*) \| [^|]+ \|$", text, re.MULTILINE)
    shown = {name: default.strip() for names, default in rows for name in re.findall(r"`(\w+)`", names)}
    assert set(shown) == {variable.name for variable in VARIABLES}
    for variable in VARIABLES:
        if found := re.fullmatch(r"`(.+)`", shown[variable.name]):
            assert found[1] == variable.default


def test_variables_and_config_fields_are_the_same() -> None:
    decided = {"demo_mode"}  # only decides the mode
    named = {variable.field for variable in VARIABLES} - decided
    assert named == {field.name for field in fields(Config)} - {"secrets"}


def test_every_secret_is_a_field() -> None:
    assert set(load_config({}).secrets) <= {field.name for field in fields(Config)}


def test_the_example_itself_loads_and_is_paper() -> None:
    active = dict(
        line.split("=", 1) for line in EXAMPLE.read_text(encoding="utf-8").splitlines() if line[:1].isupper()
    )
    assert load_config(active).mode == "paper"
