"""Keys and signatures of the exchange: RSA-PSS and Ed25519, told apart by the parsed key.

Signed text: timestamp in milliseconds + METHOD + path, no separators. The path begins with
/trade-api/v2 and has no query; host and body are not signed.
"""

from __future__ import annotations

import base64
import binascii

import msgspec
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from kalshi.errors import ConfigError

KEY_HEADER = "KALSHI-ACCESS-KEY"
TIMESTAMP_HEADER = "KALSHI-ACCESS-TIMESTAMP"
SIGNATURE_HEADER = "KALSHI-ACCESS-SIGNATURE"

MIN_RSA_BITS = 2048
_HASH = SHA256()
_PSS = PSS(MGF1(SHA256()), PSS.DIGEST_LENGTH)

PrivateKey = RSAPrivateKey | Ed25519PrivateKey
PublicKey = RSAPublicKey | Ed25519PublicKey


class Credentials(msgspec.Struct, frozen=True):
    """An API key id and the private key that belongs to it; `repr` shows neither.

    Raises ConfigError where the key id is empty or could not stand in a header.
    """

    key_id: str
    private_key: PrivateKey

    def __post_init__(self) -> None:
        printable = self.key_id.isascii() and self.key_id.isprintable()
        if not self.key_id or not printable or " " in self.key_id:
            raise ConfigError("KALSHI_KEY_ID must be the API key id alone, without blanks or line breaks")

    def __repr__(self) -> str:
        return "Credentials(key_id='***', private_key='***')"


def load_private_key(pem: bytes, password: str | bytes = b"", *, source: str = "private key") -> PrivateKey:
    """Return the private key held in *pem*.

    password: passphrase of an encrypted key; not looked at where the key is not encrypted.
    source: how messages name the key, for example the path of its file; never the key itself.
    Raises ConfigError: no PEM, no or wrong passphrase, neither RSA nor Ed25519, RSA below 2048 bits.
    """
    text = _with_line_breaks(pem)
    encrypted = b"ENCRYPTED" in text
    passphrase = password.encode() if isinstance(password, str) else password
    if b"PRIVATE KEY-----" not in text:
        raise ConfigError(f"{source} holds no private key in PEM form (-----BEGIN ... PRIVATE KEY-----)")
    if encrypted and not passphrase:
        raise ConfigError(f"{source} is encrypted: set KALSHI_PRIVATE_KEY_PASSWORD to its passphrase")
    try:
        key = load_pem_private_key(text, passphrase if encrypted else None)
    except UnsupportedAlgorithm:
        raise ConfigError(f"{source} is of a type that is not supported: use RSA or Ed25519") from None
    except (ValueError, TypeError):
        if encrypted:
            raise ConfigError(
                f"{source} does not open: KALSHI_PRIVATE_KEY_PASSWORD is wrong, or the PEM is damaged"
            ) from None
        raise ConfigError(f"{source} is not readable as PEM: download or export the key again") from None
    if isinstance(key, RSAPrivateKey) and key.key_size < MIN_RSA_BITS:
        raise ConfigError(f"{source} is an RSA key of {key.key_size} bits: use at least {MIN_RSA_BITS}")
    if not isinstance(key, RSAPrivateKey | Ed25519PrivateKey):
        raise ConfigError(f"{source} is neither an RSA nor an Ed25519 key: make one of these")
    return key


def _with_line_breaks(pem: bytes) -> bytes:
    # A key pasted into a JSON or environment value often keeps its line breaks as backslash-n.
    text = pem.strip()
    return text if b"\n" in text else text.replace(b"\\n", b"\n")


def sign(key: PrivateKey, ts_ms: int, method: str, path: str) -> str:
    """Return the base64 signature of one request.

    ts_ms: Unix milliseconds, the same number as in the timestamp header.
    path: with /trade-api/v2 in front; a query is cut off.
    """
    text = _signed_text(ts_ms, method, path)
    raw = key.sign(text) if isinstance(key, Ed25519PrivateKey) else key.sign(text, _PSS, _HASH)
    return base64.b64encode(raw).decode("ascii")


def verify(key: PublicKey, signature: str, ts_ms: int, method: str, path: str) -> bool:
    """Return whether *signature* (base64) is that of this request under the public *key*."""
    text = _signed_text(ts_ms, method, path)
    try:
        raw = base64.b64decode(signature, validate=True)
        if isinstance(key, Ed25519PublicKey):
            key.verify(raw, text)
        else:
            key.verify(raw, text, _PSS, _HASH)
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def signed_headers(credentials: Credentials, ts_ms: int, method: str, path: str) -> dict[str, str]:
    """Return the three headers of one signed request, good for this attempt only."""
    return {
        KEY_HEADER: credentials.key_id,
        TIMESTAMP_HEADER: str(ts_ms),
        SIGNATURE_HEADER: sign(credentials.private_key, ts_ms, method, path),
    }


def _signed_text(ts_ms: int, method: str, path: str) -> bytes:
    return f"{ts_ms}{method.upper()}{path.partition('?')[0]}".encode()
