"""Every command of the README and every line of crontab.example runs, from a clean copy of the project."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from clone import ROOT, bare_environment, copy_project

TIMEOUT_S = 240


def readme_commands() -> list[str]:
    """Return the command lines of the README's `sh` blocks, continued lines joined."""
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def crontab_commands() -> list[str]:
    """Return the commands of crontab.example, without their times."""
    lines = (ROOT / "crontab.example").read_text(encoding="utf-8").splitlines()
    return [line.split(None, 5)[5] for line in lines if re.match(r"[\d*]", line)]


def crontab_settings(project: Path) -> dict[str, str]:
    """Return the variables the crontab defines, as a person fills them in."""
    return {
        "CRON_TZ": "America/New_York",
        "KALSHI": str(project),
        "PYTHON": sys.executable,
        "LOG": str(project / "cron.log"),
    }


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project, in paper mode by its own .env.example."""
    target = copy_project(tmp_path_factory.mktemp("clone") / "kalshi")
    (target / ".env").write_bytes((target / ".env.example").read_bytes())
    return target


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What cron gives, plus: `make` uses this interpreter's environment, and pytest only collects."""
    home = tmp_path_factory.mktemp("home")
    return bare_environment(home, VENV=sys.prefix, PYTEST_ADDOPTS="--collect-only -q")


def run(command: str, cwd: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run *command* in a shell without input and return what it printed."""
    return subprocess.run(
        ["sh", "-c", command], cwd=cwd, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=TIMEOUT_S, check=False,
    )


def with_newest_report(command: str, project: Path) -> str:
    """Return *command* with each `<timestamp>` filled from the newest report of that name."""
    while "<timestamp>" in command:
        pattern = next(word for word in shlex.split(command) if "<timestamp>" in word)
        named = re.compile(re.escape(Path(pattern).name).replace("<timestamp>", r"\d{8}[_T]\d{6}[^.]*"))
        found = [path for path in (project / Path(pattern).parent).iterdir() if named.fullmatch(path.name)]
        assert found, f"no report matches {pattern}"
        newest = max(found, key=lambda path: path.stat().st_mtime_ns)
        command = command.replace(pattern, str(newest.relative_to(project)), 1)
    return command


@pytest.mark.timeout(1200)  # some thirty commands, each with TIMEOUT_S of its own
def test_readme_commands_run_one_after_the_other(project: Path, environment: dict[str, str]) -> None:
    commands = readme_commands()
    assert len(commands) > 15
    for command in commands:
        ended = run(with_newest_report(command, project), project, environment)
        said = f"$ {command}\n{ended.stdout[-2000:]}\n{ended.stderr[-2000:]}"
        assert ended.returncode == 0, said
        assert "Traceback" not in ended.stderr, said


@pytest.mark.parametrize("line", crontab_commands(), ids=lambda line: line.split("kalshi/")[-1].split()[0])
@pytest.mark.parametrize("way", ["by path", "as a module"])
def test_crontab_lines_run(
    way: str, line: str, project: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    command = line
    if way == "as a module":
        command = re.sub(r"src/kalshi/(\w+)\.py", r"-m kalshi.\1", line)
        assert command != line
    ended = run(command, tmp_path, {**environment, **crontab_settings(project)})
    log = (project / "cron.log").read_text(encoding="utf-8")
    assert ended.returncode == 0, f"{command}\n{ended.stderr}\n{log[-3000:]}"
    assert "Traceback" not in log


@pytest.mark.parametrize("line", sorted(set(crontab_commands())))
def test_crontab_lines_have_no_percent_sign(line: str) -> None:
    assert "%" not in line  # cron would end the command there


def test_scripts_run_by_path_without_pythonpath(
    project: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    for script in sorted((project / "src" / "kalshi").glob("*.py")):
        if "__main__" not in script.read_text(encoding="utf-8") or script.name.startswith("__"):
            continue
        ended = run(f"python3 {script} --help", tmp_path, environment)
        assert ended.returncode == 0, f"{script.name}: {ended.stderr[-500:]}"
        assert "usage" in ended.stdout.lower()
