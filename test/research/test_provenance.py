"""What a result was made from."""

from __future__ import annotations

import shlex
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from kalshi.research import provenance

NOON = datetime(2026, 4, 20, 12, 0, 0, tzinfo=UTC)


def test_checksum_of_a_file_and_of_its_content(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"abc")
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert provenance.sha256_of(tmp_path / "f") == expected == provenance.sha256_of_content("abc")


def test_outside_of_git_the_commit_is_null(tmp_path: Path) -> None:
    assert provenance.git_state(tmp_path) == {"git_commit": None, "git_dirty": None}


def test_the_commit_and_whether_files_were_changed(tmp_path: Path) -> None:
    def git(*arguments: str) -> str:
        identity = ["-c", "user.name=t", "-c", "user.email=t@t.invalid"]
        return subprocess.run(
            ["git", "-C", str(tmp_path), *identity, *arguments], check=True, capture_output=True, text=True
        ).stdout.strip()

    git("init", "-q")
    (tmp_path / "f").write_text("1")
    git("add", "f")
    git("commit", "-qm", "one")
    assert provenance.git_state(tmp_path) == {"git_commit": git("rev-parse", "HEAD"), "git_dirty": False}
    (tmp_path / "f").write_text("2")
    assert provenance.git_state(tmp_path)["git_dirty"] is True


def test_the_command_can_be_pasted_into_a_shell() -> None:
    options = {"start": "2026-01-01", "out_dir": Path("/a b"), "sample": True, "offline": False, "model": None}
    text = provenance.command_line("kalshi.backtest_tsa", options)
    assert shlex.split(text) == [
        "python3", "-m", "kalshi.backtest_tsa", "--start", "2026-01-01", "--out-dir", "/a b", "--sample"
    ]  # fmt: skip


def test_a_second_run_in_the_same_second_gets_its_own_name(tmp_path: Path) -> None:
    first = provenance.free_stem(tmp_path, "tsa_backtest_", NOON)
    assert first == "tsa_backtest_20260420_120000"
    (tmp_path / f"{first}.csv").touch()
    assert provenance.free_stem(tmp_path, "tsa_backtest_", NOON) == f"{first}_2"
