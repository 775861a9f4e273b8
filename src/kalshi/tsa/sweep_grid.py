"""The plans of a sweep: every combination of the values given for each parameter, in a fixed order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from decimal import Decimal
from math import prod

from kalshi.errors import ConfigError
from kalshi.tsa.decide import Rules
from kalshi.tsa.trading_plan import SIZINGS, Plan

ONE = Decimal(1)
MOST_PLANS = 1_000_000


@dataclass(frozen=True)
class Grid:
    """Values of each parameter. margins: shares of the value kept back; entries: weekdays joined by `+`.

    sizings: `contracts:10`, `dollars:5` or `kelly:0.25`. What follows is the same in every plan.
    """

    models: tuple[str, ...]
    entries: tuple[str, ...]
    margins: tuple[Decimal, ...]
    min_edges: tuple[Decimal, ...]
    max_spreads: tuple[Decimal, ...]
    sizings: tuple[str, ...]
    policy: str = "taker"
    hold: str = "news"
    max_position: int = 100
    max_event_cost: Decimal = Decimal(100)
    cash: Decimal = Decimal(1000)

    @property
    def size(self) -> int:
        """The number of plans."""
        return prod(len(values) for values in self._values())

    @property
    def moments(self) -> tuple[str, ...]:
        """Every single entry that occurs."""
        return tuple(dict.fromkeys(one for entry in self.entries for one in entry.split("+")))

    def check(self) -> None:
        """Raise ConfigError naming the value that is no parameter of a plan."""
        for name, values in zip(_SWEPT, self._values(), strict=True):
            if not values:
                raise ConfigError(f"--{name.replace('_', '-')} is empty: give at least one value")
            if len(set(values)) != len(values):
                raise ConfigError(f"--{name.replace('_', '-')} names a value twice")
        if self.size > MOST_PLANS:
            raise ConfigError(f"{self.size:,} plans are too many: at most {MOST_PLANS:,}; give fewer values")
        for number, values in enumerate(self._values()):  # each value once, with the first of the others
            for chosen in range(len(values)):
                self.plan(chosen * prod(len(v) for v in self._values()[number + 1 :]))

    def plan(self, number: int) -> Plan:
        """Return the plan of that number, from 0; the last parameter changes first."""
        chosen = self.parameters(number)
        kind, _, amount = str(chosen["sizing"]).partition(":")
        if kind not in SIZINGS or not _is_number(amount):
            raise ConfigError(f"--sizings {chosen['sizing']!r}: write contracts:10, dollars:5 or kelly:0.25")
        value = Decimal(amount)
        return Plan(
            model=str(chosen["model"]),
            entries=tuple(str(chosen["entry"]).split("+")),
            rules=Rules(
                count=value if kind == "contracts" else ONE,
                price_share=ONE - Decimal(str(chosen["margin"])),
                min_edge=Decimal(str(chosen["min_edge"])),
                max_spread=Decimal(str(chosen["max_spread"])),
            ),
            sizing=kind,
            stake=Decimal(0) if kind == "contracts" else value,
            policy=self.policy,
            hold=self.hold,
            max_position=self.max_position,
            max_event_cost=self.max_event_cost,
            cash=self.cash,
        )

    def parameters(self, number: int) -> dict[str, object]:
        """Return what distinguishes the plan of that number, by name."""
        found: list[object] = []
        for values in reversed(self._values()):
            number, place = divmod(number, len(values))
            found.append(values[place])
        return dict(zip(("model", "entry", "margin", "min_edge", "max_spread", "sizing"), reversed(found), strict=True))

    def plans(self, numbers: range) -> Iterator[Plan]:
        """Yield the plans of *numbers*."""
        return (self.plan(number) for number in numbers)

    def as_json(self) -> dict[str, object]:
        """Return all values as texts and lists."""
        return {
            name: [str(one) for one in value] if isinstance(value, tuple) else str(value)
            for name, value in asdict(self).items()
        }

    def _values(self) -> list[tuple[object, ...]]:
        return [getattr(self, name) for name in _SWEPT]


_SWEPT = tuple(f.name for f in fields(Grid))[:6]


def _is_number(text: str) -> bool:
    try:
        return Decimal(text).is_finite()
    except ArithmeticError:
        return False
