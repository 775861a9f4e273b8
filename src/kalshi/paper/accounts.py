"""Members and their subaccounts: which account a request means.

A subaccount is an account of its own, with its own cash, orders and positions; number 0 is the primary one and
has the member's id.
"""

from __future__ import annotations

from datetime import datetime

from kalshi.paper.parsing import Request
from kalshi.paper.records import ZERO, Account
from kalshi.paper.refusals import Refused, refused
from kalshi.paper.world import World

MAX_SUBACCOUNT = 63


def subaccount_id(member: str, number: int) -> str:
    """Return the account id of a subaccount."""
    return f"{member}#{number}" if number else member


def number_of(account_id: str) -> int:
    """Return the subaccount number in an account id."""
    _, _, number = account_id.rpartition("#")
    return int(number) if "#" in account_id and number.isdigit() else 0


def members_accounts(world: World, member: str) -> list[Account]:
    """Return the accounts of a member, by number."""
    own = [one for one in world.accounts.values() if (one.member or one.account_id) == member]
    return sorted(own, key=lambda one: one.number)


def account_for(world: World, request: Request, number: int | None) -> str:
    """Return the id of the account with *number*, None standing for the key's own or 0.

    403 for a key that is locked to another one, 400 for a number that was not opened.
    """
    assert request.key is not None
    locked = request.key.subaccount
    if number is None:
        number = locked or 0
    if locked is not None and number != locked:
        raise refused(403, "forbidden", f"the API key is locked to subaccount {locked}")
    if number and subaccount_id(request.account_id, number) not in world.accounts:
        raise _invalid(f"subaccount {number} does not exist")
    return subaccount_id(request.account_id, number)


def account_in_query(world: World, request: Request) -> str:
    """Return the account of the `subaccount` parameter, 0 where it is omitted."""
    return account_for(world, request, request.integer("subaccount", 0, MAX_SUBACCOUNT))


def accounts_in_query(world: World, request: Request) -> list[str]:
    """Return the account of the `subaccount` parameter, all of the member where it is omitted."""
    number = request.integer("subaccount", 0, MAX_SUBACCOUNT)
    assert request.key is not None
    if number is not None or request.key.subaccount is not None:
        return [account_for(world, request, number)]
    return [one.account_id for one in members_accounts(world, request.account_id)]


def open_subaccount(world: World, member: str, now: datetime) -> int:
    """Open the next subaccount, empty; return its number. Refuses after number 63."""
    primary = world.accounts[member]
    number = len(members_accounts(world, member))
    if number > MAX_SUBACCOUNT:
        raise _invalid(f"there are {MAX_SUBACCOUNT} subaccounts already")
    world.keep(
        Account(
            subaccount_id(member, number),
            {0: ZERO},
            ZERO,
            now,
            precision=primary.precision,
            number=number,
            member=member,
            tier=primary.tier,
        )
    )
    return number


def _invalid(details: str) -> Refused:
    return refused(400, "invalid_parameters", "invalid parameters", details)
