"""The API key of this run: from a key file, or from AWS Secrets Manager."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from kalshi.config import Config
from kalshi.errors import ConfigError
from kalshi.exchange.signing import Credentials, load_private_key

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

__all__ = ["Credentials", "load_credentials"]

CONNECT_TIMEOUT_S = 3
READ_TIMEOUT_S = 5
ATTEMPTS = 2
MAX_KEY_BYTES = 64 * 1024
# Where a secret is a JSON object, the PEM stands under one of these names.
PEM_NAMES = ("private_key", "privateKey", "kalshi_private_key", "key", "pem")
# Error codes of AWS that mean its key pair, not the permission, is at fault.
WRONG_AWS_KEYS = (
    "UnrecognizedClientException",
    "InvalidClientTokenId",
    "ExpiredTokenException",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
)


def load_credentials(config: Config) -> Credentials:
    """Return key id and private key of *config*.

    The key is read from KALSHI_PRIVATE_KEY_PATH where that is set, else from the secret named
    KALSHI_PRIVATE_KEY_SECRET, which holds the PEM itself or a JSON object with the PEM inside.
    Raises ConfigError with the fix: no key id, no readable file, no such secret, AWS not reachable,
    no AWS credentials, access denied, unreadable PEM, wrong passphrase.
    """
    if not config.key_id:
        raise ConfigError("KALSHI_KEY_ID is not set: put the id of your API key there (or use --mode paper)")
    if config.private_key_path is not None:
        source = f"the key file {config.private_key_path} (KALSHI_PRIVATE_KEY_PATH)"
        pem = _read_file(config, source)
    else:
        source = f"the secret {config.private_key_secret} (KALSHI_PRIVATE_KEY_SECRET)"
        pem = _pem_of(_read_secret(config), source)
    key = load_private_key(pem, config.private_key_password, source=source)
    return Credentials(config.key_id, key)


def _read_file(config: Config, source: str) -> bytes:
    assert config.private_key_path is not None
    try:
        with config.private_key_path.open("rb") as file:
            return file.read(MAX_KEY_BYTES)
    except FileNotFoundError:
        raise ConfigError(f"{source} does not exist: correct the path") from None
    except OSError as error:
        raise ConfigError(f"{source} can not be read: {error.strerror or 'unknown reason'}") from None


def _read_secret(config: Config) -> str | bytes:
    """Return the text or bytes of the secret."""
    import boto3
    from botocore.config import Config as AwsConfig
    from botocore.exceptions import (
        BotoCoreError,
        ClientError,
        HTTPClientError,
        NoCredentialsError,
        PartialCredentialsError,
    )

    name = config.private_key_secret
    settings = AwsConfig(
        region_name=config.aws_region,
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=READ_TIMEOUT_S,
        retries={"total_max_attempts": ATTEMPTS, "mode": "standard"},
    )
    try:
        client: SecretsManagerClient = boto3.Session().client("secretsmanager", config=settings)
        answer = client.get_secret_value(SecretId=name)
    except (NoCredentialsError, PartialCredentialsError):
        raise ConfigError(
            "no AWS credentials to read the private key with: set AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY, give this machine a role, or use KALSHI_PRIVATE_KEY_PATH"
        ) from None
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", "unknown error"))
        raise ConfigError(_refused(name, config.aws_region, code)) from None
    except (HTTPClientError, BotoCoreError, ValueError) as error:
        raise ConfigError(
            f"AWS Secrets Manager in {config.aws_region} can not be asked ({type(error).__name__}): "
            "check network, AWS_REGION and AWS profile, or use KALSHI_PRIVATE_KEY_PATH"
        ) from None
    return answer.get("SecretString") or answer.get("SecretBinary") or ""


def _refused(name: str, region: str, code: str) -> str:
    if code == "ResourceNotFoundException":
        fix = "check KALSHI_PRIVATE_KEY_SECRET and AWS_REGION"
        return f"AWS Secrets Manager in {region} has no secret {name}: {fix}"
    if code in ("AccessDeniedException", "AccessDenied"):
        return f"AWS does not let this machine read the secret {name}: allow secretsmanager:GetSecretValue"
    if code in WRONG_AWS_KEYS:
        return f"AWS refuses its own credentials ({code}): renew AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    return f"AWS Secrets Manager in {region} refuses to give the secret {name} ({code})"


def _pem_of(secret: str | bytes, source: str) -> bytes:
    """Return the PEM in *secret*: the text itself, or a value of a JSON object."""
    text = secret.encode() if isinstance(secret, str) else bytes(secret)
    if not text.lstrip().startswith(b"{"):
        return text
    try:
        values: dict[str, Any] = json.loads(text)
    except ValueError:
        raise ConfigError(f"{source} looks like JSON but is not valid: store the PEM alone") from None
    for name in PEM_NAMES:
        if isinstance(values.get(name), str):
            return str(values[name]).encode()
    pems = [value for value in values.values() if isinstance(value, str) and "PRIVATE KEY-----" in value]
    if len(pems) != 1:
        raise ConfigError(f"{source} is a JSON object without a private key: name the PEM {PEM_NAMES[0]}")
    return pems[0].encode()
