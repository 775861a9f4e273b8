"""The jobs there are: every file of the package with a function under `@job("name")`, read, not run."""

from __future__ import annotations

import argparse
import ast
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from kalshi.config import PROJECT_ROOT
from kalshi.errors import ConfigError

PACKAGE = Path(__file__).parents[1]
CRONTAB = PROJECT_ROOT / "crontab.example"


@dataclass(frozen=True)
class Parameter:
    """One parameter of a job. default: as it is shown, None where there is none."""

    option: str
    default: str | None
    meaning: str

    @classmethod
    def of(cls, action: argparse.Action) -> Parameter:
        """Return what argparse was told."""
        empty = action.default in (None, argparse.SUPPRESS)
        default = None if empty else str(action.default)
        meaning = (action.help or "").replace("%(default)s", str(action.default)).replace("%%", "%")
        return cls(" ".join(action.option_strings[-1:]) or action.dest, default, meaning)


@dataclass(frozen=True)
class Entry:
    """One job. trades: it uses the exchange. schedule: its lines in crontab.example, New York time."""

    name: str
    module: str
    summary: str
    trades: bool
    schedule: tuple[str, ...]

    @property
    def file(self) -> str:
        """The file's name below src/kalshi."""
        return f"{self.module.partition('.')[2]}.py"

    def parameters(self) -> list[Parameter]:
        """Import the job's module and return its own parameters, those of every job left out."""
        spec = importlib.import_module(self.module).main.job
        if spec.arguments is None:
            return []
        parser = argparse.ArgumentParser(add_help=False)
        spec.arguments(parser)
        return [Parameter.of(action) for action in parser._actions]

    def load(self) -> Callable[[list[str]], int]:
        """Import the job's module and return its `main(argv)`."""
        return cast("Callable[[list[str]], int]", importlib.import_module(self.module).main)


def jobs(package: Path = PACKAGE, crontab: Path = CRONTAB) -> list[Entry]:
    """Return all jobs of *package* by name; the files are read, not run."""
    lines = crontab.read_text(encoding="utf-8").splitlines() if crontab.exists() else []
    found = [entry for path in sorted(package.glob("*.py")) for entry in _in_file(path, lines)]
    return sorted(found, key=lambda entry: entry.name)


def find(name: str) -> Entry:
    """Return the job *name*. Raises ConfigError that lists the names there are."""
    entries = {entry.name: entry for entry in jobs()}
    if name not in entries:
        raise ConfigError(f"there is no job {name!r}: choose one of {', '.join(entries) or 'none yet'}")
    return entries[name]


def _in_file(path: Path, crontab: list[str]) -> list[Entry]:
    source = path.read_text(encoding="utf-8")
    if "@job(" not in source:
        return []
    tree = ast.parse(source)
    summary = (ast.get_docstring(tree) or "").partition("\n")[0]
    calls = [
        call
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        for call in node.decorator_list
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "job" and call.args
    ]
    return [
        Entry(str(call.args[0].value), f"kalshi.{path.stem}", summary, _trades(call), _schedule(path, crontab))
        for call in calls
        if isinstance(call.args[0], ast.Constant)
    ]


def _trades(call: ast.Call) -> bool:
    for keyword in call.keywords:
        if keyword.arg == "needs_exchange" and isinstance(keyword.value, ast.Constant):
            return bool(keyword.value.value)
    return True


def _schedule(path: Path, crontab: list[str]) -> tuple[str, ...]:
    marks = (f"/{path.name} ", f"kalshi.{path.stem} ")
    lines = [line for line in crontab if line[:1].isdigit() or line[:1] == "*"]
    return tuple(" ".join(line.split()[:5]) for line in lines if any(mark in f"{line} " for mark in marks))
