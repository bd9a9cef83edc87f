"""Tickets that anybody can check offline, and tokens that only we can make."""

import base64
import secrets
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from portal.core.keyring import Keyring, load_or_create
from portal.core.signing import (
    BadSignature,
    public_keys,
    read_ticket,
    sign_ticket,
    token,
    token_is_good,
)

PAYLOAD = bytes(range(20))


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    return load_or_create(Path(tmp_path_factory.mktemp("keys")) / "keys.json")


@pytest.mark.charter("BK-6")
def test_a_ticket_is_read_with_the_public_key_alone(keys: Keyring) -> None:
    text = sign_ticket(keys, PAYLOAD)
    assert text.startswith("SM1.")
    assert len(text) < 130, "what a QR code of 30 mm takes"
    assert read_ticket(public_keys(keys), f" {text}\n") == PAYLOAD


@pytest.mark.charter("BK-6")
def test_a_ticket_that_was_altered_anywhere_is_refused(keys: Keyring) -> None:
    text = sign_ticket(keys, PAYLOAD)
    for place in range(len(text) - 1):  # the last character carries bits that mean nothing
        for other in ("A", "_", "."):
            if text[place] != other:
                altered = text[:place] + other + text[place + 1 :]
                with pytest.raises(BadSignature):
                    read_ticket(public_keys(keys), altered)


@pytest.mark.charter("BK-6")
def test_a_ticket_of_another_scenic_area_is_refused(keys: Keyring) -> None:
    stranger = replace(keys, ticket={1: Ed25519PrivateKey.generate()})
    with pytest.raises(BadSignature):
        read_ticket(public_keys(keys), sign_ticket(stranger, PAYLOAD))


def test_tickets_of_an_older_key_stay_good(keys: Keyring) -> None:
    text = sign_ticket(keys, PAYLOAD)
    new = replace(
        keys, ticket=dict(keys.ticket) | {2: Ed25519PrivateKey.generate()}, ticket_active=2
    )
    assert read_ticket(public_keys(new), text) == PAYLOAD
    assert read_ticket(public_keys(new), sign_ticket(new, PAYLOAD)) == PAYLOAD
    with pytest.raises(BadSignature):
        read_ticket(public_keys(keys), sign_ticket(new, PAYLOAD))


@pytest.mark.parametrize(
    "text",
    ["", "SM1", "SM1..", "SM1.AQ.AQ", "SM2.AQ.AQ", "SM1.山.门", "SM1.=.=", "a.b.c.d", "…" * 500],
)
def test_what_is_no_ticket_is_refused(keys: Keyring, text: str) -> None:
    with pytest.raises(BadSignature):
        read_ticket(public_keys(keys), text)


def test_a_token_is_good_for_its_purpose_and_value(keys: Keyring) -> None:
    made = token(keys, "order", "ABC")
    assert token_is_good(keys, "order", "ABC", made)
    assert not token_is_good(keys, "csrf", "ABC", made)
    assert not token_is_good(keys, "order", "ABD", made)
    assert not token_is_good(keys, "order", "ABC", "")
    assert not token_is_good(keys, "order", "ABC", "山" * 22)
    assert len(base64.urlsafe_b64decode(made + "==")) == 16


def test_a_token_cannot_be_made_without_our_key(keys: Keyring) -> None:
    stranger = replace(keys, token=secrets.token_bytes(32))
    assert not token_is_good(keys, "order", "ABC", token(stranger, "order", "ABC"))
