"""Keys and signatures: what is signed, which keys are accepted, what a person is told about the others."""

from __future__ import annotations

import base64
import subprocess

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
from hypothesis import given
from hypothesis import strategies as st

from kalshi.errors import ConfigError
from kalshi.exchange.signing import Credentials, load_private_key, sign, signed_headers, verify

RSA = rsa.generate_private_key(65537, 2048)
OTHER_RSA = rsa.generate_private_key(65537, 2048)
ED = ed25519.Ed25519PrivateKey.generate()
PATH = "/trade-api/v2/portfolio/orders"
PKCS1, PKCS8 = serialization.PrivateFormat.TraditionalOpenSSL, serialization.PrivateFormat.PKCS8


def pem(key, form=PKCS8, passphrase=None) -> bytes:
    hidden = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, form, hidden)


def test_rsa_signs_timestamp_method_and_path_with_pss_and_a_salt_as_long_as_the_digest():
    raw = base64.b64decode(sign(RSA, 1700000000123, "get", PATH + "?limit=5"))
    RSA.public_key().verify(
        raw,
        b"1700000000123GET/trade-api/v2/portfolio/orders",
        padding.PSS(padding.MGF1(hashes.SHA256()), 32),  # 32 exactly: AUTO would accept any length
        hashes.SHA256(),
    )


def test_ed25519_signs_the_same_text():
    raw = base64.b64decode(sign(ED, 1700000000123, "DELETE", PATH))
    ED.public_key().verify(raw, b"1700000000123DELETE/trade-api/v2/portfolio/orders")


def test_openssl_agrees_with_the_rsa_signature(tmp_path):
    (tmp_path / "public.pem").write_bytes(
        RSA.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    (tmp_path / "sig").write_bytes(base64.b64decode(sign(RSA, 7, "POST", PATH)))
    (tmp_path / "text").write_bytes(b"7POST" + PATH.encode())
    command = ["openssl", "dgst", "-sha256"]
    for option in ("rsa_padding_mode:pss", "rsa_pss_saltlen:32", "rsa_mgf1_md:sha256"):
        command += ["-sigopt", option]
    command += ["-verify", "public.pem", "-signature", "sig", "text"]
    try:
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=30)
    except FileNotFoundError:
        pytest.skip("openssl is not installed")
    assert "Verified OK" in done.stdout


@given(st.integers(0, 2**53), st.sampled_from(["GET", "POST", "DELETE"]), st.text("abc/-", max_size=20))
def test_a_signature_is_good_for_its_own_request_only(ts_ms, method, tail):
    path = "/trade-api/v2/" + tail
    signature = sign(ED, ts_ms, method, path)
    assert verify(ED.public_key(), signature, ts_ms, method, path + "?a=1")
    assert not verify(ED.public_key(), signature, ts_ms + 1, method, path)
    assert not verify(ED.public_key(), signature, ts_ms, "PATCH", path)
    assert not verify(ED.public_key(), signature, ts_ms, method, path + "/x")


def test_verify_answers_false_to_another_key_and_to_what_is_no_signature():
    signature = sign(RSA, 1, "GET", PATH)
    assert verify(RSA.public_key(), signature, 1, "GET", PATH)
    assert not verify(OTHER_RSA.public_key(), signature, 1, "GET", PATH)
    assert not verify(ED.public_key(), signature, 1, "GET", PATH)
    for junk in ("", "%%%", "aGVsbG8=", "ünïcode"):
        assert not verify(RSA.public_key(), junk, 1, "GET", PATH)


def test_the_three_headers():
    headers = signed_headers(Credentials("id-1", ED), 55, "GET", PATH)
    assert headers["KALSHI-ACCESS-KEY"] == "id-1"
    assert headers["KALSHI-ACCESS-TIMESTAMP"] == "55"
    assert verify(ED.public_key(), headers["KALSHI-ACCESS-SIGNATURE"], 55, "GET", PATH)


@pytest.mark.parametrize("form", [PKCS1, PKCS8])
@pytest.mark.parametrize("passphrase", [None, b"open sesame"])
def test_rsa_keys_load_in_both_forms_with_and_without_a_passphrase(form, passphrase):
    key = load_private_key(pem(RSA, form, passphrase), passphrase or b"")
    assert key.private_numbers() == RSA.private_numbers()


def test_the_parsed_class_decides_not_the_header():
    assert b"BEGIN PRIVATE KEY" in pem(RSA)
    assert b"BEGIN PRIVATE KEY" in pem(ED)
    assert isinstance(load_private_key(pem(RSA)), rsa.RSAPrivateKey)
    assert isinstance(load_private_key(pem(ED, passphrase=b"x"), "x"), ed25519.Ed25519PrivateKey)


def test_a_key_whose_line_breaks_were_written_as_backslash_n_still_loads():
    assert load_private_key(pem(ED).strip().replace(b"\n", b"\\n"))


def test_a_passphrase_that_is_not_needed_does_no_harm():
    assert load_private_key(pem(ED), "not needed")


@pytest.mark.parametrize(
    "content, passphrase, told",
    [
        (b"", "", "holds no private key in PEM form"),
        (b"hello", "", "holds no private key in PEM form"),
        (b"-----BEGIN PRIVATE KEY-----\nnot base64!\n-----END PRIVATE KEY-----\n", "", "not readable as PEM"),
        (pem(RSA)[:600], "", "not readable as PEM"),
        (pem(RSA, passphrase=b"right"), "", "is encrypted: set KALSHI_PRIVATE_KEY_PASSWORD"),
        (pem(RSA, passphrase=b"right"), "wrong", "KALSHI_PRIVATE_KEY_PASSWORD is wrong"),
        (pem(ED, passphrase=b"right"), "wrong", "KALSHI_PRIVATE_KEY_PASSWORD is wrong"),
        (pem(ec.generate_private_key(ec.SECP256R1())), "", "neither an RSA nor an Ed25519 key"),
        (pem(ed448.Ed448PrivateKey.generate()), "", "neither an RSA nor an Ed25519 key"),
        (pem(dsa.generate_private_key(1024)), "", "neither an RSA nor an Ed25519 key"),
        (pem(rsa.generate_private_key(65537, 1024)), "", "RSA key of 1024 bits: use at least 2048"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_key_that_can_not_be_used_is_one_line_with_the_fix(content, passphrase, told):
    with pytest.raises(ConfigError) as caught:
        load_private_key(content, passphrase, source="the key file k.pem")
    message = str(caught.value)
    assert told in message and "the key file k.pem" in message and "\n" not in message


def test_credentials_show_nothing():
    shown = repr(Credentials("abcd-1234", ED))
    assert "abcd" not in shown and "Ed25519" not in shown


@pytest.mark.parametrize("key_id", ["", "two words", "line\nbreak", "ключ"])
def test_a_key_id_that_can_not_stand_in_a_header_is_refused(key_id):
    with pytest.raises(ConfigError, match="KALSHI_KEY_ID"):
        Credentials(key_id, ED)
