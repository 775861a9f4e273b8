"""What a result was made from: checksums of inputs, code version, versions of libraries, the command."""

from __future__ import annotations

import hashlib
import platform
import shlex
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from itertools import count
from pathlib import Path
from typing import Any

LIBRARIES = ("numpy", "scipy", "pandas", "pyarrow", "scikit-learn", "matplotlib")


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of the file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_of_content(content: str | bytes) -> str:
    """Return the SHA-256 of *content* (text as UTF-8), in hex."""
    return hashlib.sha256(content.encode("utf-8") if isinstance(content, str) else content).hexdigest()


def git_state(root: Path) -> dict[str, str | bool | None]:
    """Return {"git_commit": hash or None, "git_dirty": whether tracked files were changed, or None}.

    None where *root* is no git repository or git is not installed.
    """
    commit = _git(root, "rev-parse", "--verify", "HEAD")
    changed = _git(root, "status", "--porcelain", "--untracked-files=no") if commit else None
    return {"git_commit": commit, "git_dirty": None if changed is None else bool(changed)}


def _git(root: Path, *arguments: str) -> str | None:
    if not (root / ".git").exists():
        return None  # a repository further up, around an installed copy, is not ours
    try:
        ended = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return ended.stdout.strip()


def versions() -> dict[str, str]:
    """Return the versions of Python and of the libraries that shape the numbers."""
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def command_line(module: str, options: Mapping[str, object]) -> str:
    """Return the command that repeats this run, quoted for a shell; None and False are left out."""
    words = ["python3", "-m", module]
    for name, value in options.items():
        if value is None or value is False:
            continue
        words.append("--" + name.replace("_", "-"))
        words += [] if value is True else [str(value)]
    return shlex.join(words)


@contextmanager
def reserved_stem(directory: Path, prefix: str, moment: datetime) -> Iterator[str]:
    """Hold `<prefix><YYYYMMDD_HHMMSS>` in UTC for the block, with a number behind it where it is taken.

    Taken: there are files of that stem, or another process holds it, by a hidden file that only one can make.
    """
    first = f"{prefix}{moment.astimezone(UTC):%Y%m%d_%H%M%S}"
    for number in count(1):
        stem = first if number == 1 else f"{first}_{number}"
        mark = directory / f".{stem}.reserved"
        try:
            mark.open("x").close()
        except FileExistsError:
            continue
        try:
            if any(directory.glob(f"{stem}.*")):  # asked after reserving: who held it before has written by now
                continue
            yield stem
            return
        finally:
            mark.unlink(missing_ok=True)


def provenance(
    *, command: str, root: Path, inputs: Sequence[Path], generated_at: datetime, parameters: dict[str, Any]
) -> dict[str, Any]:
    """Return the part of the metadata that says what was run on what.

    generated_at: aware. inputs: files, hashed here.
    """
    return {
        "generated_at": generated_at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "command": command,
        "inputs": [{"path": str(path), "sha256": sha256_of(path), "bytes": path.stat().st_size} for path in inputs],
        **git_state(root),
        "versions": versions(),
        "parameters": parameters,
    }
