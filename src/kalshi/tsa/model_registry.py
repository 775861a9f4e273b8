"""Which forecast model is in use, and on what it was promoted: `src/kalshi/configs/model_registry.json`.

Levels. `forecast`: it may price the ladder; it is calibrated, sees no future and beats the baseline. `edge`: it was
also shown to beat the market's own price out of sample and to earn after costs. `unproven`: it is in use although it
fails items of `forecast`, which stand beside it. The bot reads the model in use from here; `python -m
kalshi.promote` is what writes it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kalshi.atomic import write_atomically
from kalshi.errors import ConfigError
from kalshi.tsa.models import MODELS

REGISTRY = Path(__file__).resolve().parents[1] / "configs" / "model_registry.json"
LEVELS = ("forecast", "edge")
UNPROVEN = "unproven"
FORMAT = 1


@dataclass(frozen=True)
class CheckItem:
    """One item of the check list. needed_for: the level that it is a condition of; `edge` needs all of `forecast`."""

    name: str
    needed_for: str
    passed: bool
    detail: str


@dataclass(frozen=True)
class ModelInUse:
    """The model the bot uses and what it is trusted with: a level, or `unproven` where it passed no check list."""

    model: str
    level: str

    def __str__(self) -> str:
        said = {
            "forecast": "promoted as forecast only; no edge against the market was shown",
            "edge": "promoted with an edge against the market",
            UNPROVEN: "in use without having passed the check list: see the registry",
        }
        return f"{self.model} ({said[self.level]})"


def model_in_use(path: Path = REGISTRY) -> ModelInUse:
    """Return what the registry names. Raises ConfigError where it can not be read or names no known model."""
    said = read_registry(path)
    model, level = said.get("in_use"), said.get("level")
    if model not in MODELS or level not in (*LEVELS, UNPROVEN):
        raise ConfigError(f"{path} names the model {model!r} at level {level!r}: promote one of {', '.join(MODELS)}")
    return ModelInUse(str(model), str(level))


def read_registry(path: Path = REGISTRY) -> dict[str, Any]:
    """Return the registry as it stands. Raises ConfigError in one line where it is none."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"model registry {path}: {error.strerror or error}: restore it, or give --model") from None
    except ValueError:
        raise ConfigError(f"model registry {path} is not JSON: restore it, or give --model") from None
    if not isinstance(said, dict) or said.get("format") != FORMAT or not isinstance(said.get("history"), list):
        raise ConfigError(f"model registry {path} is none of format {FORMAT}: restore it, or give --model")
    return said


def failing(items: Sequence[CheckItem], level: str) -> list[CheckItem]:
    """Return the items that stand in the way of *level*; nothing stands in that of `unproven`."""
    needed = LEVELS[: LEVELS.index(level) + 1] if level != UNPROVEN else ()
    return [item for item in items if item.needed_for in needed and not item.passed]


def promote(
    path: Path, model: str, level: str, items: Sequence[CheckItem], evidence: Mapping[str, Any]
) -> dict[str, Any]:
    """Write *model* into the registry as in use at *level* and return the entry; the newest stands first.

    evidence: `promoted_at`, `datasets` (name, sha256), `kpis`, `command`, code and seeds; goes into the entry.
    Raises ValueError where an item of the level fails: the caller asks `failing` first.
    """
    if failing(items, level):
        raise ValueError(f"{model} fails items of level {level}")
    said = read_registry(path)
    entry = {"model": model, "level": level, **evidence, "checks": [asdict(item) for item in items]}
    said |= {"in_use": model, "level": level, "history": [entry, *said["history"]]}
    write_atomically(path, json.dumps(said, indent=2) + "\n")
    return entry
