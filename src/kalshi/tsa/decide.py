"""What to do with one strike: value against bid and ask after fees, then an order or a reason for none.

The rule is the seed's: take the likelier side, bid 75 % of its value for 10 contracts, leave extremes
alone. The quarter kept back is the margin of safety: it pays for fees and for the model being wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal

from kalshi.errors import ConfigError
from kalshi.exchange.grid import PriceGrid
from kalshi.exchange.models import Market

ONE = Decimal(1)
MOST_CONTRACTS = 1_000_000  # of one order
# Fee in dollars of `count` contracts at a price; handed in, because it depends on the series.
Fee = Callable[[Decimal, Decimal], Decimal]


@dataclass(frozen=True)
class Rules:
    """Parameters of the decision; prices and margins are dollars per contract, shares are 0..1.

    lowest, highest: a side is bought only while lowest <= its probability <= highest.
    price_share: the limit price is this share of the value, rounded down to the market's grid.
    min_edge: least value minus price minus fee that an order must keep.
    max_spread: widest bid-ask spread of a market that is still traded; one-sided books pass.
    """

    count: Decimal = Decimal(10)
    price_share: Decimal = Decimal("0.75")
    lowest: Decimal = Decimal("0.05")
    highest: Decimal = Decimal("0.95")
    min_edge: Decimal = Decimal("0.02")
    max_spread: Decimal = Decimal("0.30")

    def __post_init__(self) -> None:
        if self.count > MOST_CONTRACTS:
            raise ConfigError(f"count must be at most {MOST_CONTRACTS} contracts, not {self.count:.3g}")
        if self.count <= 0 or self.count != self.count.to_integral_value():
            raise ConfigError(f"count must be a whole number of contracts of at least 1, not {self.count}")
        if not (-1 <= self.min_edge <= 1 and 0 <= self.max_spread <= 1):
            edges = f"{self.min_edge:.3g} and {self.max_spread:.3g}"
            raise ConfigError(f"least edge and widest spread are dollars of a contract, at most 1, not {edges}")
        if not 0 < self.price_share <= 1:
            raise ConfigError(f"price share must lie above 0 and at most 1, not {self.price_share}")
        if not 0 <= self.lowest < self.highest <= 1:
            raise ConfigError(f"need 0 <= lowest < highest <= 1, not {self.lowest} and {self.highest}")


@dataclass(frozen=True)
class Decision:
    """One row of the ladder: what we think, what the market says, what we do and why.

    probability: of YES. side: the likelier one. value, bid, ask, price, edge: dollars per contract of
    that side; bid and ask are None where nobody quotes. price is None when nothing is ordered.
    edge: value minus expected price minus fee of the order, None when nothing is ordered.
    """

    market: Market
    probability: Decimal
    side: str
    value: Decimal
    bid: Decimal | None
    ask: Decimal | None
    price: Decimal | None
    edge: Decimal | None
    reason: str

    @property
    def is_order(self) -> bool:
        """Whether this row asks for an order."""
        return self.price is not None


def decide(
    market: Market, probability: float, rules: Rules, taker_fee: Fee, maker_fee: Fee | None = None
) -> Decision:
    """Return the decision for one market whose YES has *probability* (0..1).

    A price at or below the limit on the other side of the book is taken, and then pays the taker fee;
    otherwise the order rests at its limit and pays *maker_fee* (None: nothing) when it fills.
    """
    p_yes = Decimal(str(round(probability, 6)))
    side = "yes" if p_yes >= Decimal("0.5") else "no"
    value = p_yes if side == "yes" else ONE - p_yes
    quote = market.quote()
    bid, ask = (quote.yes_bid, quote.yes_ask) if side == "yes" else (quote.no_bid, quote.no_ask)

    def row(price: Decimal | None, edge: Decimal | None, reason: str) -> Decision:
        return Decision(market, p_yes, side, value, bid, ask, price, edge, reason)

    if not rules.lowest <= value <= rules.highest:
        bound = f"below {rules.lowest:.0%}" if value < rules.lowest else f"above {rules.highest:.0%}"
        return row(None, None, f"extreme: {side.upper()} {value:.1%} is {bound}")
    if bid is None and ask is None:
        return row(None, None, "no quotes")
    if bid is not None and ask is not None and ask <= bid:
        return row(None, None, f"crossed quotes: bid {bid:.2f}, ask {ask:.2f}")
    if bid is not None and ask is not None and ask - bid > rules.max_spread:
        return row(None, None, f"spread {ask - bid:.2f} is wider than {rules.max_spread:.2f}")
    limit = limit_price(market, side, value * rules.price_share)
    if limit is None:
        return row(None, None, f"no price on the grid below {value * rules.price_share:.3f}")
    takes = ask is not None and ask <= limit
    expected = ask if takes and ask is not None else limit
    role = taker_fee if takes else maker_fee
    fee = role(expected, rules.count) / rules.count if role is not None else Decimal(0)
    edge = value - expected - fee
    if edge < rules.min_edge:
        return row(None, None, f"edge {edge:.3f} after fees is below {rules.min_edge:.2f}")
    if takes:
        return row(limit, edge, f"buy: {side.upper()} ask {expected:.2f} is within {rules.price_share:.0%} of value")
    offered = f"{side.upper()} ask {ask:.2f} is above" if ask is not None else f"nobody offers {side.upper()} at"
    return row(limit, edge, f"bid and wait: {offered} {limit:.2f}")


def limit_price(market: Market, side: str, highest: Decimal) -> Decimal | None:
    """Return the best allowed own-side price at or below *highest* dollars, or None when there is none.

    The exchange's grid is one of YES prices, so a NO price is rounded through its YES twin.
    """
    grid = PriceGrid.of(market)
    highest = highest.quantize(Decimal("0.0001"), rounding=ROUND_DOWN)
    if side == "yes":
        price = grid.floor(highest)
    else:
        yes_price = grid.ceil(ONE - highest)
        price = None if yes_price is None else ONE - yes_price
    return price if price is not None and 0 < price < 1 else None
