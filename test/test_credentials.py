"""Keys from a file and from Secrets Manager: a real moto server over HTTP, and sockets that misbehave."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import boto3
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from moto.server import ThreadedMotoServer

from kalshi.config import Config, load_config
from kalshi.credentials import load_credentials
from kalshi.errors import ConfigError

RSA = rsa.generate_private_key(65537, 2048)
ED = ed25519.Ed25519PrivateKey.generate()
AWS = dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "testing")
AWS["AWS_EC2_METADATA_DISABLED"] = "true"
SRC = Path(__file__).resolve().parents[1] / "src"


def pem(key, passphrase: bytes | None = None) -> bytes:
    hidden = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, hidden)


def settings(**changes: str) -> Config:
    return load_config({"KALSHI_KEY_ID": "key-1", "KALSHI_MODE": "demo"} | changes)


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    for name, value in AWS.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="module")
def moto_url() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def secrets(moto_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto_url)
    client = boto3.client("secretsmanager", region_name="us-east-1")
    yield client
    for secret in client.list_secrets()["SecretList"]:
        client.delete_secret(SecretId=secret["ARN"], ForceDeleteWithoutRecovery=True)


def test_key_file(tmp_path):
    path = tmp_path / "key.pem"
    path.write_bytes(pem(RSA, b"open"))
    credentials = load_credentials(
        settings(KALSHI_PRIVATE_KEY_PATH=str(path), KALSHI_PRIVATE_KEY_PASSWORD="open")
    )
    assert credentials.key_id == "key-1"
    assert credentials.private_key.private_numbers() == RSA.private_numbers()
    assert "key-1" not in repr(credentials)


@pytest.mark.parametrize("name", ["kalshi_api_key", "other/name"])
@pytest.mark.parametrize(
    "stored",
    [
        {"SecretString": pem(ED).decode()},
        {"SecretBinary": pem(ED)},
        {"SecretString": json.dumps({"private_key": pem(ED).decode(), "key_id": "x"})},
        {"SecretString": json.dumps({"any name": pem(ED).decode()}, indent=1)},
        {"SecretString": json.dumps({"private_key": pem(ED).decode().replace("\n", "\\n").strip("\\n")})},
    ],
    ids=["text", "bytes", "json", "json with another name", "json with escaped breaks"],
)
def test_secret_of_secrets_manager(secrets, name, stored):
    secrets.create_secret(Name=name, **stored)
    chosen = {} if name == "kalshi_api_key" else {"KALSHI_PRIVATE_KEY_SECRET": name}
    key = load_credentials(settings(**chosen)).private_key
    assert key.private_bytes_raw() == ED.private_bytes_raw()


def test_the_region_of_the_settings_is_asked(secrets):
    secrets.create_secret(Name="kalshi_api_key", SecretString=pem(ED).decode())
    with pytest.raises(ConfigError, match="in eu-west-1 has no secret kalshi_api_key"):
        load_credentials(settings(AWS_REGION="eu-west-1"))


def refusal(config: Config) -> str:
    with pytest.raises(ConfigError) as caught:
        load_credentials(config)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2
    assert "PRIVATE KEY-----\\n" not in str(caught.value)
    return str(caught.value)


def test_no_key_id():
    assert "KALSHI_KEY_ID is not set" in refusal(settings(KALSHI_KEY_ID=""))


def test_key_files_that_can_not_be_used(tmp_path):
    path = tmp_path / "key.pem"
    config = settings(KALSHI_PRIVATE_KEY_PATH=str(path))
    assert f"{path} (KALSHI_PRIVATE_KEY_PATH) does not exist" in refusal(config)
    path.write_text("something else")
    assert "holds no private key in PEM form" in refusal(config)
    path.write_bytes(pem(RSA)[:300] + b"\n-----END PRIVATE KEY-----\n")
    assert "is not readable as PEM" in refusal(config)
    path.write_bytes(pem(RSA, b"right"))
    assert "set KALSHI_PRIVATE_KEY_PASSWORD" in refusal(config)
    wrong = settings(KALSHI_PRIVATE_KEY_PATH=str(path), KALSHI_PRIVATE_KEY_PASSWORD="guess")
    assert "KALSHI_PRIVATE_KEY_PASSWORD is wrong" in refusal(wrong) and "guess" not in refusal(wrong)
    assert "can not be read: Is a directory" in refusal(settings(KALSHI_PRIVATE_KEY_PATH=str(tmp_path)))


def test_unknown_secret(secrets):
    assert refusal(settings(KALSHI_PRIVATE_KEY_SECRET="nothing")) == (
        "AWS Secrets Manager in us-east-1 has no secret nothing: "
        "check KALSHI_PRIVATE_KEY_SECRET and AWS_REGION"
    )


@pytest.mark.parametrize(
    "stored, told",
    [
        ("no key at all", "holds no private key in PEM form"),
        ('{"private_key": ', "looks like JSON but is not valid"),
        ('{"user": "me"}', "JSON object without a private key"),
        (pem(ED, b"secret").decode(), "set KALSHI_PRIVATE_KEY_PASSWORD"),
    ],
)
def test_secrets_that_hold_no_key(secrets, stored, told):
    secrets.create_secret(Name="kalshi_api_key", SecretString=stored)
    message = refusal(settings())
    assert told in message and "kalshi_api_key" in message


def test_no_aws_credentials(moto_url, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto_url)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert "no AWS credentials" in refusal(settings())
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "half")
    assert "AWS_SECRET_ACCESS_KEY" in refusal(settings())


@pytest.mark.parametrize(
    "code, told",
    [
        ("AccessDeniedException", "allow secretsmanager:GetSecretValue"),
        ("UnrecognizedClientException", "renew AWS_ACCESS_KEY_ID"),
        ("DecryptionFailure", "refuses to give the secret kalshi_api_key (DecryptionFailure)"),
    ],
)
def test_refusals_of_aws(monkeypatch, code, told):
    class Refuse(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            body = json.dumps({"__type": code, "message": "no"}).encode()
            self.send_response(400)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Refuse)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_address[1]}")
    assert told in refusal(settings())
    server.shutdown()
    server.server_close()


def test_aws_that_can_not_be_reached(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    assert "can not be asked (EndpointConnectionError)" in refusal(settings())


def test_a_server_that_answers_nonsense(monkeypatch):
    listener = socket.create_server(("127.0.0.1", 0))
    stop = threading.Event()

    def nonsense() -> None:
        listener.settimeout(0.1)
        while not stop.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            with connection:
                connection.recv(65536)
                connection.sendall(b"this is not HTTP\r\n\r\n")

    thread = threading.Thread(target=nonsense, daemon=True)
    thread.start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{listener.getsockname()[1]}")
    assert "can not be asked" in refusal(settings())
    stop.set()
    thread.join(5)
    listener.close()


def test_an_aws_profile_or_region_that_is_wrong(monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    assert "can not be asked (ProfileNotFound)" in refusal(settings())
    monkeypatch.delenv("AWS_PROFILE")
    assert "can not be asked (InvalidRegionError)" in refusal(settings(AWS_REGION="not a region"))


def test_boto3_is_not_imported_for_a_key_file(tmp_path):
    path = tmp_path / "key.pem"
    path.write_bytes(pem(ED))
    program = (
        "import sys; from kalshi.config import load_config; from kalshi.credentials import load_credentials;"
        f"load_credentials(load_config({{'KALSHI_KEY_ID': 'k', 'KALSHI_PRIVATE_KEY_PATH': {str(path)!r}}}));"
        "print('boto3' in sys.modules)"
    )
    command, env = [sys.executable, "-c", program], {"PYTHONPATH": str(SRC)}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)
    assert (done.stdout.strip(), done.stderr) == ("False", "")
