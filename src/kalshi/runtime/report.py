"""What a run tells a person: marks, lines and tables, as text for a terminal or mail and as HTML."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from html import escape
from pathlib import Path

from kalshi.atomic import write_atomically
from kalshi.runtime.clock import new_york_text

# What add_table takes: title, headers, rows.
Table = tuple[str, tuple[str, ...], list[tuple[object, ...]]]

WIDTH = 100
_GAP = "  "
_NARROWEST = 8
_CELL = "padding:2px 10px;border-bottom:1px solid #ddd"
# On a phone a table scrolls sideways; only a long text breaks, and never into a sliver.
_SHORT = 40
PAPER = "PAPER"
_MARK = "display:inline-block;margin-right:8px;padding:2px 8px;background:#b00020;color:#fff;font-weight:bold"


@dataclass(frozen=True)
class _Line:
    text: str


@dataclass(frozen=True)
class _Table:
    title: str
    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def is_number(self, column: int) -> bool:
        """Return whether every filled cell of *column* is a number, so that it is aligned to the right."""
        cells = [row[column] for row in self.rows if row[column] not in ("", "–")]
        return bool(cells) and all(_looks_like_number(cell) for cell in cells)


class Report:
    """One report, filled from top to bottom; every text is cleaned of control characters on the way in."""

    def __init__(self, title: str) -> None:
        self.title = _clean(title)
        self.marks: list[str] = []
        self._parts: list[_Line | _Table] = []

    def mark(self, word: str) -> None:
        """Show *word*, such as SAMPLE, PAPER or DRY RUN, at the top; a second time changes nothing."""
        if word not in self.marks:
            self.marks.append(_clean(word))

    def add_line(self, text: str = "") -> None:
        """Append one line of prose; an empty one separates paragraphs."""
        self._parts.append(_Line(_clean(text)))

    def add_table(self, title: str, headers: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Append a table. None is shown as –, aware datetimes in New York time, numbers to the right.

        Raises ValueError when a row has not as many cells as there are headers.
        """
        for row in rows:
            if len(row) != len(headers):
                raise ValueError(f"table {title!r}: a row has {len(row)} cells, the header has {len(headers)}")
        cells = tuple(tuple(_cell(value) for value in row) for row in rows)
        self._parts.append(_Table(_clean(title), tuple(_clean(header) for header in headers), cells))

    @property
    def is_empty(self) -> bool:
        """Whether nothing was added yet; marks do not count."""
        return not self._parts

    def text(self, width: int = WIDTH) -> str:
        """Return the report as text, with a final newline; no wider than *width* if columns allow."""
        head = [self.title, "=" * min(_width(self.title), width)]
        if self.marks:
            head.append(" ".join(f"*** {mark} ***" for mark in self.marks))
        lines = ["\n".join(head), ""]
        for before, part in zip([None, *self._parts], self._parts, strict=False):
            if isinstance(part, _Line):
                lines += [""] * isinstance(before, _Table) + [_wrapped(part.text, width)]
            else:
                lines += [""] * (before is not None) + [_table_text(self._named(part), width)]
        return "\n".join(line.rstrip() for line in "\n".join(lines).splitlines()) + "\n"

    def html(self) -> str:
        """Return the report as one HTML page; everything that came in is escaped, the style is inline."""
        parts = [f"<h2>{escape(self.title)}</h2>"]
        if self.marks:
            parts.append("<p>" + "".join(f'<span style="{_MARK}">{escape(m)}</span>' for m in self.marks) + "</p>")
        for part in self._parts:
            if isinstance(part, _Table):
                parts.append(_table_html(self._named(part)))
            elif part.text:
                parts.append(f'<p style="margin:4px 0">{escape(part.text)}</p>')
        body = "\n".join(parts)
        return (
            '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width,initial-scale=1">'
            f"<title>{escape(self.title)}</title></head>\n"
            f'<body style="font-family:sans-serif;font-size:14px;color:#222">\n{body}\n</body></html>\n'
        )

    def _named(self, table: _Table) -> _Table:
        """Return *table* with PAPER in its title where the report has that mark: tables are copied out of reports."""
        return replace(table, title=f"{table.title} (PAPER)") if PAPER in self.marks and table.title else table

    def save(
        self, directory: Path, stem: str, *, redact: Callable[[str], str] = str
    ) -> tuple[Path, Path]:
        """Write `<stem>.txt` and `<stem>.html` into *directory*, whole or not at all; return both paths.

        redact: takes secrets out of what is written.
        """
        text, page = directory / f"{stem}.txt", directory / f"{stem}.html"
        write_atomically(text, redact(self.text()))
        write_atomically(page, redact(self.html()))
        return text, page


def _cell(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime) and value.tzinfo is not None:
        return new_york_text(value)
    if isinstance(value, Decimal):
        return f"{value:f}"
    return _clean(str(value))


def _clean(text: str) -> str:
    """Return *text* on one line: texts from an exchange may carry line breaks or terminal codes."""
    if text.isprintable():
        return text
    return "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text).strip()


def _looks_like_number(cell: str) -> bool:
    bare = cell.strip().lstrip("+-−$").replace(",", "").removesuffix("%").removesuffix("¢").lstrip("+-−$")
    return bare.replace(".", "", 1).isdigit()


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _wrapped(text: str, width: int) -> str:
    return "\n".join(textwrap.wrap(text, width, break_on_hyphens=False, break_long_words=False)) if text else ""


def _column_widths(table: _Table, width: int) -> list[int]:
    columns = range(len(table.headers))
    cells = [[table.headers[i], *(row[i] for row in table.rows)] for i in columns]
    widths = [max(map(_width, column)) for column in cells]
    longest_words = [max((_width(word) for cell in column for word in cell.split()), default=0) for column in cells]
    # Words stay whole as long as that is possible at all.
    for floors in (longest_words, [0] * len(widths)):
        while sum(widths) + len(_GAP) * (len(widths) - 1) > width:
            shrinkable = [i for i in columns if not table.is_number(i) and widths[i] > max(floors[i], _NARROWEST)]
            if not shrinkable:
                break
            widths[max(shrinkable, key=lambda i: widths[i])] -= 1
    return widths


def _table_text(table: _Table, width: int) -> str:
    title = [table.title, "-" * _width(table.title)] if table.title else []
    if not table.rows:
        return "\n".join([*title, "(none)"])
    widths = _column_widths(table, width)
    right = [table.is_number(i) for i in range(len(widths))]
    rule = _GAP.join("-" * w for w in widths)
    lines = [*title, *_row_lines(table.headers, widths, right), rule]
    for row in table.rows:
        lines += _row_lines(row, widths, right)
    return "\n".join(lines)


def _row_lines(row: Sequence[str], widths: list[int], right: list[bool]) -> list[str]:
    cells = [
        textwrap.wrap(text, w) or [""] if _width(text) > w else [text] for text, w in zip(row, widths, strict=True)
    ]
    lines = []
    for level in range(max(len(cell) for cell in cells)):
        pieces = [cell[level] if level < len(cell) else "" for cell in cells]
        lines.append(_GAP.join(_padded(p, w, r) for p, w, r in zip(pieces, widths, right, strict=True)))
    return lines


def _padded(text: str, width: int, right: bool) -> str:
    space = " " * max(0, width - _width(text))
    return space + text if right else text + space


def _table_html(table: _Table) -> str:
    align = ["right" if table.is_number(i) else "left" for i in range(len(table.headers))]
    head = "".join(
        f'<th style="{_style(h, a)}">{escape(h)}</th>' for h, a in zip(table.headers, align, strict=True)
    )
    body = "\n".join(
        "<tr>"
        + "".join(f'<td style="{_style(c, a)}">{escape(c)}</td>' for c, a in zip(row, align, strict=True))
        + "</tr>"
        for row in table.rows
    )
    title = f"<h3>{escape(table.title)}</h3>\n" if table.title else ""
    if not table.rows:
        return f"{title}<p>(none)</p>"
    rows = f'<table style="border-collapse:collapse">\n<tr>{head}</tr>\n{body}\n</table>'
    return f'{title}<div style="overflow-x:auto">{rows}</div>'


def _style(cell: str, align: str) -> str:
    room = "white-space:nowrap" if _width(cell) <= _SHORT else f"min-width:{_SHORT // 2}em"
    return f"{_CELL};text-align:{align};{room}"
