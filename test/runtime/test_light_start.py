"""A script that only cancels loads nothing that it does not need: asked of a new interpreter, without a clock."""

from __future__ import annotations

import sys
from typing import Any

import pytest

Project = Any  # the class of the fixture in conftest.py
HEAVY = ("pandas", "boto3", "matplotlib", "scipy", "sklearn", "statsmodels", "exchange_calendars", "pyarrow", "dask")


@pytest.mark.parametrize("arguments", [["--help"], ["--offline", "--dry-run", "--date", "2026-10-07T12:00"]])
def test_midday_starts_without_pandas_boto3_or_plotting(project: Project, arguments: list[str]) -> None:
    heavy = HEAVY if "--offline" in arguments else (*HEAVY, "numpy")  # the SAMPLE day is made with numpy
    code = (
        "import sys\nfrom kalshi.midday import main\n"
        f"code = main({[*arguments, '--no-email'] if '--help' not in arguments else arguments})\n"
        f"print('code', code, [name for name in {heavy} if name in sys.modules])\n"
    )
    done = project.run(command=[sys.executable, "-c", code], PYTHONPATH=str(project.root / "src"))
    assert done.stdout.rstrip().endswith("code 0 []"), (done.stdout[-500:], done.stderr[-500:])
