"""The key of the paper account: made on first use beside the state file, readable by its owner only."""

from __future__ import annotations

import contextlib
import os
import uuid
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from kalshi.errors import ConfigError, StoreError
from kalshi.exchange.signing import Credentials, load_private_key
from kalshi.paper.authentication import public_pem_of


def key_file_of(state: Path) -> Path:
    """Return where the key of a state file lies."""
    return state.with_suffix(".key.pem")


def paper_credentials(state: Path) -> Credentials:
    """Return the key of the paper account beside the *state* file, made on first use (mode 0600)."""
    path = key_file_of(state)
    try:
        state.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _write_new_key(path)
        key = load_private_key(path.read_bytes(), source=f"the paper key {path}")
    except OSError as error:
        raise StoreError(
            f"paper key {path} can not be used ({error.strerror}): check the directory"
        ) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigError(f"paper key {path} is not an Ed25519 key: remove it together with {state}")
    return Credentials(_key_id(key), key)


def _write_new_key(path: Path) -> None:
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    own = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(own, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
    with contextlib.suppress(FileExistsError):  # another process was first: then its key is the one to use
        os.link(own, path)
    own.unlink()


def _key_id(key: Ed25519PrivateKey) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, public_pem_of(key.public_key())))
