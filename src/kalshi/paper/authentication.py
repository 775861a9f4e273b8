"""Who asks: the signature of a request checked with the registered public key, then the key's scopes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from kalshi.exchange.signing import KEY_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER, PublicKey, verify
from kalshi.paper.records import Key
from kalshi.paper.refusals import refused
from kalshi.paper.world import World

# The real window is not published. Recorded: 10 s late accepted, 30 s late refused, early tolerated more.
MAX_LATE_MS = 15_000
MAX_EARLY_MS = 30_000
DEFAULT_SCOPES = ("read", "write")


def authenticate(
    world: World, method: str, path: str, headers: Mapping[str, str], *, now_ms: int, required: bool
) -> Key | None:
    """Return the key that signed the request; None for an unsigned request where none is needed.

    headers: lower-case names. Raises Refused (401) with the code the real exchange gives.
    """
    key_id = headers.get(KEY_HEADER.lower(), "")
    stamp = headers.get(TIMESTAMP_HEADER.lower(), "")
    signature = headers.get(SIGNATURE_HEADER.lower(), "")
    if not (key_id and stamp and signature):
        if required or key_id or signature:
            raise refused(401, "authentication_error", "authentication_error", "MISSING_HEADERS")
        return None
    if not stamp.isascii() or not stamp.isdigit() or str(int(stamp)) != stamp:
        raise refused(401, "header_timestamp_invalid", "header timestamp is not in unix milliseconds")
    if not -MAX_LATE_MS <= int(stamp) - now_ms <= MAX_EARLY_MS:
        raise refused(401, "header_timestamp_expired", "header timestamp expired")
    key = world.keys.get(key_id)
    if key is None or key.revoked:
        raise refused(401, "authentication_error", "authentication_error", "NOT_FOUND")
    if not verify(public_key_of(key.public_pem), signature, int(stamp), method, path):
        raise refused(401, "authentication_error", "authentication_error", "INCORRECT_API_KEY_SIGNATURE")
    return key


def require_scope(key: Key, *accepted: str) -> None:
    """Refuse with 403 unless the key holds one of *accepted*."""
    if not set(accepted) & set(key.scopes):
        raise refused(403, "insufficient_scope", f"the API key needs the scope {' or '.join(accepted)}")


@lru_cache(maxsize=64)
def public_key_of(pem: str) -> PublicKey:
    """Return the parsed public key; raises ValueError for anything but RSA and Ed25519."""
    key = load_pem_public_key(pem.encode())
    if not isinstance(key, RSAPublicKey | Ed25519PublicKey):
        raise ValueError("a public key must be RSA or Ed25519")
    return key


def public_pem_of(key: PublicKey) -> str:
    """Return the public key as PEM text."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
