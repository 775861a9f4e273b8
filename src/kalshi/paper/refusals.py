"""Refusals of the paper exchange, in the four body shapes that the real one uses."""

from __future__ import annotations

from typing import Any


class Refused(Exception):
    """A request that gets an error answer. What the engine changed before it stays (nothing, mostly)."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body


def refused(status: int, code: str, message: str, details: str = "") -> Refused:
    """Return a refusal in the common shape: {"error": {"code", "message", "details"}}."""
    error = {"code": code, "message": message}
    if details:
        error["details"] = details
    return Refused(status, {"error": error})


def malformed(details: str) -> Refused:
    """Return the gateway's answer to a body that is not what the schema says (400 bad_request)."""
    return Refused(400, {"code": "bad_request", "message": "bad request", "details": details})


def bad_parameter(message: str) -> Refused:
    """Return the answer to a query parameter out of range (400, {"msg"})."""
    return Refused(400, {"msg": message})


def not_found(what: str) -> Refused:
    """Return a 404; *what* is the kind of thing that was looked for."""
    return refused(404, "not_found", f"{what} not found")


def not_modelled(operation: str) -> Refused:
    """Return a 501: the real exchange has this operation, this one does not."""
    return refused(501, "not_implemented", f"the paper exchange does not model {operation}")


def error_item(refusal: Refused) -> dict[str, Any]:
    """Return the `error` object of one failed item in a batch answer."""
    inner = refusal.body.get("error", refusal.body)
    return dict(inner) if isinstance(inner, dict) else {"message": str(inner)}
