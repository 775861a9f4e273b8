"""What a result was made from."""

from __future__ import annotations

import shlex
import subprocess
import sys
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
    with provenance.reserved_stem(tmp_path, "tsa_backtest_", NOON) as first:
        assert first == "tsa_backtest_20260420_120000"
        (tmp_path / f"{first}.csv").touch()
    with provenance.reserved_stem(tmp_path, "tsa_backtest_", NOON) as second:
        assert second == f"{first}_2"


def test_a_name_is_held_from_the_moment_it_is_given(tmp_path: Path) -> None:
    with (
        provenance.reserved_stem(tmp_path, "tsa_backtest_", NOON) as first,
        provenance.reserved_stem(tmp_path, "tsa_backtest_", NOON) as second,
    ):
        assert (first, second) == ("tsa_backtest_20260420_120000", "tsa_backtest_20260420_120000_2")
    assert list(tmp_path.iterdir()) == []


def test_processes_that_write_at_once_overwrite_nothing(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib, datetime\n"
        "from kalshi.research.provenance import reserved_stem\n"
        "moment = datetime.datetime(2026, 4, 20, 12, tzinfo=datetime.UTC)\n"
        "here = pathlib.Path(sys.argv[1])\n"
        "for number in range(20):\n"
        "    with reserved_stem(here, 'run_', moment) as stem:\n"
        "        (here / f'{stem}.csv').write_text(f'{sys.argv[2]} {number}')\n"
    )
    words = [sys.executable, "-c", program, str(tmp_path)]
    environment = {"PYTHONPATH": ":".join(sys.path)}
    started = [subprocess.Popen([*words, name], env=environment) for name in "abc"]
    assert [process.wait(timeout=60) for process in started] == [0, 0, 0]
    written = [path.read_text() for path in tmp_path.iterdir()]
    assert sorted(written) == sorted(f"{name} {number}" for name in "abc" for number in range(20))
