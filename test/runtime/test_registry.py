"""Jobs are found by reading files; nothing is imported for that."""

from __future__ import annotations

from pathlib import Path

import pytest

from kalshi.errors import ConfigError
from kalshi.runtime.registry import Entry, find, jobs

SCRIPT = '''"""Buy low.

Sell high.
"""
raise SystemExit("must not be imported")


@job("low")
def main(run):
    pass
'''
TOOL = '"""Look around."""\n@job("look", arguments=add, needs_exchange=False)\ndef main(run): ...\n'
CRON = """# 1 2 * * * cd $K && python src/kalshi/low.py
CRON_TZ=America/New_York
45,55 9 * * 1-5   cd $K && $P src/kalshi/low.py >> $LOG 2>&1
*/10 10-15 * * 1-5 cd $K && $P -m kalshi.low
0 10 * * 1-5      cd $K && $P src/kalshi/below.py
"""


def test_jobs_of_a_directory(tmp_path: Path) -> None:
    (tmp_path / "low.py").write_text(SCRIPT)
    (tmp_path / "look.py").write_text(TOOL)
    (tmp_path / "shared.py").write_text('"""No job."""\nprint("x")\n')
    (tmp_path / "crontab").write_text(CRON)
    assert jobs(tmp_path, tmp_path / "crontab") == [
        Entry("look", "kalshi.look", "Look around.", False, ()),
        Entry("low", "kalshi.low", "Buy low.", True, ("45,55 9 * * 1-5", "*/10 10-15 * * 1-5")),
    ]


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="no job 'tiny-typo'"):
        find("tiny-typo")


def test_every_job_of_the_package_is_named_like_its_file_and_says_what_it_does() -> None:
    for entry in jobs():
        assert entry.module == f"kalshi.{entry.name}" and entry.summary
        assert not any("%%" in parameter.meaning for parameter in entry.parameters())
