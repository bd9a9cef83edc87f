"""Signatures: tickets that anybody with the public key can check offline, and tokens only we can.

A ticket's QR code is ``SM1.<payload>.<signature>`` in base64url, Ed25519 over ``SM1.<payload>``. It holds no
personal data. Tokens are HMACs for links, cookies and CSRF.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from portal.core.keyring import Keyring

PREFIX: Final = "SM1"
TOKEN_BYTES: Final = 16


class BadSignature(Exception):
    """Not signed by this scenic area, or altered since."""


def sign_ticket(keyring: Keyring, payload: bytes) -> str:
    """The text of a QR code for this payload."""
    key_id = keyring.ticket_active
    signed = f"{PREFIX}.{_encode(bytes([key_id]) + payload)}"
    return f"{signed}.{_encode(keyring.ticket[key_id].sign(signed.encode()))}"


def read_ticket(public_keys: Mapping[int, Ed25519PublicKey], text: str) -> bytes:
    """The payload of a QR code; ``BadSignature`` unless one of the keys signed it."""
    parts = text.strip().split(".")
    if len(parts) != 3 or parts[0] != PREFIX:  # noqa: PLR2004  prefix, payload, signature
        raise BadSignature
    try:
        body, signature = _decode(parts[1]), _decode(parts[2])
        public_keys[body[0]].verify(signature, f"{parts[0]}.{parts[1]}".encode())
    except (InvalidSignature, KeyError, IndexError, binascii.Error, ValueError):
        raise BadSignature from None
    return body[1:]


def public_keys(keyring: Keyring) -> dict[int, Ed25519PublicKey]:
    return {key_id: key.public_key() for key_id, key in keyring.ticket.items()}


def token(keyring: Keyring, purpose: str, value: str) -> str:
    """A short text that proves we made it for this purpose and value (128 bits)."""
    digest = hmac.digest(keyring.token, f"{purpose}:{value}".encode(), hashlib.sha256)
    return _encode(digest[:TOKEN_BYTES])


def token_is_good(keyring: Keyring, purpose: str, value: str, given: str) -> bool:
    return hmac.compare_digest(token(keyring, purpose, value).encode(), given.encode())


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
