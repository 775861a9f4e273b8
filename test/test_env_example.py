"""`.env.example`, the table of variables and the fields of Config name the same settings."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from kalshi.config import VARIABLES, Config, load_config

EXAMPLE = Path(__file__).resolve().parents[1] / ".env.example"
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
