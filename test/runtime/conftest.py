"""A project of its own for each test: the real package by symbolic links, plus one small job script."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "src" / "kalshi"

TINY = '''\
"""Say hello, or end in the way that --then names."""

import os
import sys

if not __package__:  # started by path: let `kalshi` be found and nothing in this folder shadow a library
    here = os.path.dirname(os.path.realpath(__file__))
    sys.path[:] = [os.path.dirname(here)] + [p for p in sys.path if os.path.realpath(p or ".") != here]

from kalshi.errors import ConfigError, DataError
from kalshi.runtime.job import job


def end_with_unknown_order(run):
    from decimal import Decimal
    from types import SimpleNamespace as Stub
    intent = Stub(ticker="T-1", side=Stub(value="yes"), price=Decimal("0.40"), count=Decimal(10))
    report = Stub(intent=intent, outcome=Stub(value="unknown"), reason="no answer", client_order_id="c-1",
                  filled=Decimal(0), average_price=None, fee=Decimal(0), earlier=False, control="")
    run._desk = Stub(reports=[report], venue=Stub(attestation_warning=lambda: ""))


def wait(run):
    import time
    print("ready", flush=True)
    time.sleep(60)


def leak(run):
    run.log.info("the key is %s", run.config.key_id)
    raise RuntimeError(f"with {run.config.key_id} and {run.config.private_key_password}")


@job("tiny", needs_exchange=False, exclusive=True, arguments=lambda parser: parser.add_argument("--then", default=""))
def main(run):
    run.log.info("hello", extra={"ticker": "T-1"})
    if run.args.then in ("crash", "leak"):
        leak(run)
    if run.args.then == "unknown then fail":
        end_with_unknown_order(run)
    if run.args.then.startswith("quiet"):
        run.args.no_email = True  # as a script does where nothing is worth a mail
    if run.args.then in ("early", "unknown then fail", "quiet failure"):
        raise DataError("the page of counts has no table: look at it by hand")
    run.report.add_line(f"hello, it is {run.now:%Y-%m-%dT%H:%M}Z")
    if run.args.then == "leak late":
        leak(run)
    if run.args.then == "dash":
        run.report.add_line("a – b")
    if run.args.then == "known":
        raise DataError("the page of counts has no table:\\n look at it by hand")
    if run.args.then == "config":
        raise ConfigError("KALSHI_KEY_ID is not set")
    if run.args.then == "holiday":
        run.nothing_to_do("XNYS is closed on 2026-11-26")
    if run.args.then == "unknown":
        end_with_unknown_order(run)
    if run.args.then == "wait":
        wait(run)
    return 7 if run.args.then == "seven" else None


if __name__ == "__main__":
    raise SystemExit(main())
'''


@dataclass
class Project:
    """A checkout in a temporary directory, and what cron would give its scripts: next to nothing."""

    root: Path
    env: dict[str, str] = field(default_factory=dict)

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def reports(self) -> Path:
        return self.root / "reports"

    @property
    def script(self) -> Path:
        return self.root / "src" / "kalshi" / "tiny.py"

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, str(self.script), *arguments]

    def run(self, *arguments: str, command: Sequence[str] = (), **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command or self.command(*arguments),
            env=self.env | env,
            cwd="/",
            capture_output=True,
            text=True,
            timeout=60,
        )

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*arguments),
            env=self.env,
            cwd="/",
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


@pytest.fixture
def project(tmp_path: Path) -> Project:
    package = tmp_path / "src" / "kalshi"
    package.mkdir(parents=True)
    for item in PACKAGE.iterdir():
        if item.name != "__pycache__":
            (package / item.name).symlink_to(item)
    (package / "tiny.py").write_text(TINY, encoding="utf-8")
    (tmp_path / "empty.env").touch()
    env = {
        "KALSHI_ENV_FILE": str(tmp_path / "empty.env"),
        "KALSHI_MODE": "paper",
        "KALSHI_DATA_DIR": str(tmp_path / "data"),
        "KALSHI_REPORT_DIR": str(tmp_path / "reports"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return Project(tmp_path, env)
