"""A copy of the tracked files in an empty folder, and a nearly empty environment, as cron would have it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def copy_project(target: Path) -> Path:
    """Copy what git would commit to *target* and return it; caches, databases and reports stay behind."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT, check=True, capture_output=True, text=True, timeout=60,
    ).stdout.split("\0")
    for name in filter(None, listed):
        source = ROOT / name
        if source.is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target / name)
    return target


def bare_environment(home: Path, **extra: str) -> dict[str, str]:
    """Return the few variables cron supplies; `python3` is this interpreter, and there is no network."""
    tools = home / "bin"
    tools.mkdir(parents=True, exist_ok=True)
    for name in ("python3", "python"):
        wrapper = tools / name
        wrapper.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
        wrapper.chmod(0o755)
    return {
        "PATH": f"{tools}:/usr/local/bin:/usr/bin:/bin",
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "KALSHI_OFFLINE": "true",
        **{k: v for k, v in os.environ.items() if k in ("PIP_INDEX_URL", "PIP_CONFIG_FILE", "PIP_NO_INDEX")},
        **extra,
    }
