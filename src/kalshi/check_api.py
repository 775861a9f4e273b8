"""Compare a newer specification of the exchange with the API as this code uses it.

Lists what would break us, then what is harmless. Exit code 0: nothing breaks; 1: something does; 2: a file that
can not be read or is no OpenAPI document. FILE is YAML or JSON; only the endpoints in use are compared.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

if not __package__:  # started by path: let `kalshi` be found and nothing in this folder shadow a library
    here = os.path.dirname(os.path.realpath(__file__))
    sys.path[:] = [os.path.dirname(here)] + [p for p in sys.path if os.path.realpath(p or ".") != here]

from kalshi.atomic import write_atomically
from kalshi.errors import ConfigError
from kalshi.runtime.job import job
from kalshi.runtime.run import Run

STRUCTURE = Path(__file__).resolve().parents[2] / "reference" / "kalshi_api_structure.json"
EXIT_BREAKING = 1


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add this script's own options."""
    parser.add_argument("--spec", type=Path, required=True, metavar="FILE", help="OpenAPI document to compare with")
    parser.add_argument(
        "--structure", type=Path, default=STRUCTURE, metavar="FILE",
        help="the API as it was when this code was written (reference/kalshi_api_structure.json)",
    )  # fmt: skip
    parser.add_argument(
        "--write-structure", action="store_true", help="for maintainers: make the structure file from --spec instead"
    )


@job("check_api", arguments=arguments, needs_exchange=False)
def main(run: Run) -> int:
    """Compare, or write the structure anew."""
    from kalshi.exchange.api_structure import structure_json, structure_of
    from kalshi.exchange.endpoints_table import ENDPOINTS
    from kalshi.exchange.spec_diff import differences

    spec, path = run.args.spec, run.args.structure
    try:
        theirs = structure_of(_document(spec), ENDPOINTS)
    except ConfigError as error:
        raise ConfigError(f"{spec}: {error}") from None
    if run.args.write_structure:
        missing = [one.label for one in ENDPOINTS if one.label not in theirs["endpoints"]]
        if missing:
            raise ConfigError(f"{spec} lacks {', '.join(missing)}: change endpoints_table.py first")
        _write(path, structure_json(theirs))
        print(f"{len(theirs['endpoints'])} endpoints of version {theirs['version']} written to {path}")
        return 0
    ours = _structure(path)
    found = differences(ours, theirs)
    breaking = [finding for finding in found if finding.breaking]
    print(f"{len(ours['endpoints'])} endpoints in use: version {ours['version']} here, {theirs['version']} in {spec}")
    for title, some in (("WOULD BREAK", breaking), ("harmless", found[len(breaking) :])):
        print(f"{title}: {len(some) or 'nothing'}")
        for finding in some:
            print(f"  {finding}")
    return EXIT_BREAKING if breaking else 0


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{path} can not be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not a text file") from None


def _document(path: Path) -> Any:
    """Return what the file holds, as far as it is JSON or YAML."""
    text = _text(path)
    if not text.strip():
        raise ConfigError("the file is empty")
    try:
        return json.loads(text)
    except RecursionError:
        raise ConfigError("too deeply nested: is it an OpenAPI document?") from None
    except ValueError:
        return _yaml(text)


def _yaml(text: str) -> Any:
    import yaml  # only here: nothing else needs it

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        """YAML 1.2 words: `yes` and `no` are values of enums here, and dates stay text."""

        yaml_implicit_resolvers = {  # noqa: RUF012
            first: [
                (tag, pattern)
                for tag, pattern in resolvers
                if not tag.endswith(":timestamp") and not (tag.endswith(":bool") and first not in "tTfF")
            ]
            for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
        }

    try:
        return yaml.load(text, Loader=Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" (line {mark.line + 1})" if mark else ""
        raise ConfigError(f"neither JSON nor YAML{line}: is it an OpenAPI document?") from None
    except (ValueError, RecursionError, TypeError):
        raise ConfigError("neither JSON nor YAML: is it an OpenAPI document?") from None


def _structure(path: Path) -> dict[str, Any]:
    try:
        structure = json.loads(_text(path))
        parts = structure if isinstance(structure, dict) else {}
        if "version" not in parts or not all(isinstance(parts.get(key), dict) for key in ("endpoints", "schemas")):
            raise ValueError
    except ValueError:
        raise ConfigError(f"{path} is no structure file: make it anew with --write-structure") from None
    return parts


def _write(path: Path, text: str) -> None:
    try:
        write_atomically(path, text)
    except OSError as error:
        raise ConfigError(f"{path} can not be written: {error.strerror or error}") from None


if __name__ == "__main__":
    raise SystemExit(main())
