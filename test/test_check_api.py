"""`python -m kalshi.check_api` as a person runs it: exit codes, one line per finding or error, no traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from exchange.openapi_document import STRUCTURE_FILE, document

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("KALSHI_SHARED_DATA") or ROOT.parent / "shared" / "data").parent
SHARED_SPEC = SHARED / "kalshi" / "openapi.yaml"


def check(*arguments: object, by_path: bool = False, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run the command in its own process, with no more of an environment than cron gives."""
    start = [str(ROOT / "src" / "kalshi" / "check_api.py")] if by_path else ["-m", "kalshi.check_api"]
    env = {"PATH": os.environ["PATH"], "HOME": str(cwd), "LANG": "C.UTF-8"}
    if not by_path:
        env["PYTHONPATH"] = str(ROOT / "src")
    command = [sys.executable, *start, *map(str, arguments)]
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return done


def written(path: Path, content: Any) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def test_the_same_api_breaks_nothing(tmp_path: Path) -> None:
    done = check("--spec", written(tmp_path / "same.json", document()), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "WOULD BREAK: nothing" in done.stdout
    assert "harmless: nothing" in done.stdout


def test_yaml_is_read_by_path_too_and_yes_is_a_word(tmp_path: Path) -> None:
    text = yaml.safe_dump(document()).replace("'yes'", "yes").replace("'no'", "no")
    assert "- yes\n" in text
    done = check("--spec", written(tmp_path / "same.yaml", text), by_path=True, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_renamed_field_breaks_us_and_an_added_one_does_not(tmp_path: Path) -> None:
    changed = document()
    market = changed["components"]["schemas"]["Market"]["properties"]
    market["mood"] = {"type": "string"}
    spec = written(tmp_path / "new.json", changed)
    done = check("--spec", spec, cwd=tmp_path)
    assert done.returncode == 0
    assert "harmless: 1\n  GET /events and 5 more: Market.mood: is new" in done.stdout
    market["yes_bid_usd"] = market.pop("yes_bid_dollars")
    done = check("--spec", written(spec, changed), cwd=tmp_path)
    assert done.returncode == 1
    assert "WOULD BREAK: 1\n" in done.stdout
    assert "Market.yes_bid_dollars: is gone; perhaps it is yes_bid_usd now" in done.stdout


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "the file is empty"),
        ("  \n", "the file is empty"),
        ("<!DOCTYPE html>\n<html><body><p>Not: found</p></body></html>", "OpenAPI document"),
        ('<html>\n<a href="x">: [</a>\n</html>', "OpenAPI document"),
        ("name,price\na,1\n", "not an OpenAPI document"),
        ('{"paths": ', "neither JSON nor YAML"),
        ("a: [1\nb: }", "neither JSON nor YAML"),
        ('{"info": {}}', "it has no paths"),
        ("[" * 100_000, "OpenAPI document"),
        ("!!python/object/apply:os.system ['false']", "neither JSON nor YAML"),
        ('{"paths": {"/markets": {"get": {"parameters": [{"$ref": "#/nowhere"}]}}}}', "refers to #/nowhere"),
    ],
    ids=["empty", "blank", "html", "html brackets", "csv", "cut json", "bad yaml", "no paths", "deep", "tag", "lost"],
)
def test_a_file_that_is_no_specification_is_one_line_and_code_2(tmp_path: Path, content: str, says: str) -> None:
    done = check("--spec", written(tmp_path / "odd.yaml", content), cwd=tmp_path)
    assert done.returncode == 2
    assert says in done.stderr
    assert "odd.yaml" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert not done.stdout


def test_files_that_can_not_be_read_are_named(tmp_path: Path) -> None:
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"\xff\xfe\x00\x01")
    for path in (tmp_path / "absent.yaml", tmp_path, binary):
        done = check("--spec", path, cwd=tmp_path)
        assert done.returncode == 2
        assert str(path) in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1, done.stderr


def test_without_a_specification_the_usage_is_code_2(tmp_path: Path) -> None:
    assert check(cwd=tmp_path).returncode == 2


def test_another_api_lacks_every_endpoint(tmp_path: Path) -> None:
    other = {"openapi": "3.1.0", "paths": {"/pets": {"get": {"responses": {"200": {}}}}}}
    done = check("--spec", written(tmp_path / "pets.json", other), cwd=tmp_path)
    assert done.returncode == 1
    assert done.stdout.count("the endpoint is gone") == done.stdout.count("\n") - 3


def test_maintainers_write_the_structure_from_a_specification(tmp_path: Path) -> None:
    spec, target = written(tmp_path / "spec.json", document()), tmp_path / "structure.json"
    done = check("--spec", spec, "--structure", target, "--write-structure", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert target.read_bytes() == STRUCTURE_FILE.read_bytes()
    less = document()
    del less["paths"]["/portfolio/balance"]
    done = check("--spec", written(spec, less), "--structure", target, "--write-structure", cwd=tmp_path)
    assert done.returncode == 2
    assert "GET /portfolio/balance" in done.stderr
    assert target.read_bytes() == STRUCTURE_FILE.read_bytes()


@pytest.mark.parametrize("content", ["", "[]", '{"paths": {}}', '{"version": 1, "endpoints": [], "schemas": {}}'])
def test_a_wrong_structure_file_is_code_2(tmp_path: Path, content: str) -> None:
    spec = written(tmp_path / "spec.json", document())
    done = check("--spec", spec, "--structure", written(tmp_path / "odd.json", content), cwd=tmp_path)
    assert done.returncode == 2
    assert "is no structure file" in done.stderr


@pytest.mark.skipif(not SHARED_SPEC.is_file(), reason=f"{SHARED_SPEC} is not here")
def test_the_specification_the_structure_was_made_from_breaks_nothing(tmp_path: Path) -> None:
    done = check("--spec", SHARED_SPEC, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WOULD BREAK: nothing" in done.stdout
    target = tmp_path / "structure.json"
    done = check("--spec", SHARED_SPEC, "--structure", target, "--write-structure", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert target.read_bytes() == STRUCTURE_FILE.read_bytes()
