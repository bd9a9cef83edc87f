"""Passkeys (WebAuthn, W3C level 2): a key that the device keeps and opens by finger, face or its own code.

One signs in with it alone: possessing the device and unlocking it are two factors, so user verification is
required. Attestation is not asked for: which make of device somebody has is nobody's concern here.

Decisions: a challenge is kept in the database and good once, in the browser that asked for it, for as long as
a person takes to find their finger; relying party and origin come from ``PORTAL_BASE_URL`` and from no header;
a counter that did not grow means that a copy may exist: that passkey opens nothing any more, copy or not.
"""

# ruff: noqa: PLC0415  the library is 5 MB that few workers need

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

from portal.core import audit, clock, db
from portal.core.context import Act, current_act, set_act
from portal.core.settings import settings
from portal.features.people import second_factor, sign_in
from portal.features.people.service import AccountError
from portal.features.people.sign_in import Result, Verdict
from portal.web.session import sessions

GOOD_FOR: Final = timedelta(minutes=5)
CHALLENGE_BYTES: Final = 32
MOST: Final = 10
LONGEST_NAME: Final = 60


@dataclass(frozen=True, slots=True)
class Party:
    """Who the portal is to a device: the host that passkeys are bound to, and where its pages are."""

    host: str
    origin: str


def party() -> Party | None:
    """None where no browser would make a passkey: at a bare IP address, or without https.

    A browser on this very machine is let through by the name localhost, which stands for the loopback address.
    """
    parts = urlsplit(settings().base_url)
    host = parts.hostname or ""
    try:
        local = ip_address(host).is_loopback
    except ValueError:
        local = host == "localhost"
        if not local and parts.scheme != "https":
            return None
    else:
        if not local:
            return None
    if local:
        host = "localhost"
    port = f":{parts.port}" if parts.port else ""
    return Party(host, f"{parts.scheme}://{host}{port}")


@dataclass(frozen=True, slots=True)
class Browser:
    """Where an attempt comes from: ``mark`` is what only this browser knows, ``agent`` what it calls itself."""

    mark: str
    agent: str = ""

    @property
    def digest(self) -> bytes:
        return hashlib.sha256(self.mark.encode()).digest()


# ── making one ───────────────────────────────────────────────────────────────────────────────────


async def ask_for_new(person_id: int, browser: Browser, site_name: str) -> str:
    """What the device is asked to make, as JSON. Whoever asks has just proved who they are."""
    from webauthn import generate_registration_options, options_to_json
    from webauthn.helpers.structs import (
        AuthenticatorSelectionCriteria,
        PublicKeyCredentialDescriptor,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    account: Any = await db.fetchrow(
        "SELECT a.id, a.username, a.handle, p.name FROM account a JOIN person p ON p.id = a.person "
        "WHERE person = $1",
        person_id,
    )
    known = await db.fetch("SELECT credential FROM passkey WHERE account = $1", account["id"])
    if len(known) >= MOST:
        raise AccountError("passkeys-enough")
    options = generate_registration_options(
        rp_id=_party().host,
        rp_name=site_name,
        user_id=account["handle"].bytes,
        user_name=account["username"],
        user_display_name=account["name"],
        challenge=await _new_challenge(browser, person_id),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=row["credential"]) for row in known],
    )
    return options_to_json(options)


async def register(person_id: int, name: str, answer: str, browser: Browser) -> list[str]:
    """Keep what the device has made; returns recovery codes when it is the account's first second factor."""
    challenge = await _take_challenge(_challenge_of(answer, new=True), browser, person_id)
    if challenge is None:
        raise AccountError("passkey-late")
    made = _verified_new(answer, challenge)
    if made is None:
        raise AccountError("passkey-refused")
    try:
        async with db.transaction():
            account: Any = await db.fetchrow(
                "SELECT id, username FROM account WHERE person = $1 FOR UPDATE", person_id
            )
            await db.execute(
                "INSERT INTO passkey (account, name, credential, public_key, sign_count, synced, created_at) "
                "VALUES ($1, $2, $3, $4, $5, $6, $7)",
                account["id"],
                name,
                made.credential_id,
                made.credential_public_key,
                made.sign_count,
                made.credential_backed_up,
                clock.now(),
            )
            await sessions().renew()
            audit.record("account:self", "account", account["username"], change="passkey-added")
            return await second_factor.first_recovery_codes(account["id"])
    except db.UniqueViolation:
        raise AccountError("passkey-known") from None


async def remove(person_id: int, passkey_id: int) -> None:
    """Forget one of one's own; somebody else's is not found, which looks the same."""
    async with db.transaction():
        gone = await db.fetchrow(
            "DELETE FROM passkey k USING account a WHERE a.id = k.account AND a.person = $1 AND k.id = $2 "
            "RETURNING a.id, a.username",
            person_id,
            passkey_id,
        )
        if gone is not None:
            await second_factor.forget_codes_without_factor(gone["id"])
            await sessions().renew()
            audit.record("account:self", "account", gone["username"], change="passkey-removed")


def _verified_new(answer: str, challenge: bytes) -> Any:
    """What a device has made, or None when its answer does not hold."""
    from webauthn import verify_registration_response

    try:
        return verify_registration_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=_party().host,
            expected_origin=_party().origin,
            require_user_verification=True,
        )
    except Exception:  # noqa: BLE001  strangers' JSON, CBOR and DER: whatever a parser makes of it, it is a no
        return None


# ── signing in with one ──────────────────────────────────────────────────────────────────────────


async def ask_for_sign_in(browser: Browser) -> str:
    """What any device is asked to sign, as JSON; which account it is for, the device tells."""
    from webauthn import generate_authentication_options, options_to_json
    from webauthn.helpers.structs import UserVerificationRequirement

    options = generate_authentication_options(
        rp_id=_party().host,
        challenge=await _new_challenge(browser, None),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return options_to_json(options)


async def signs_in(answer: str, browser: Browser) -> Result:
    """Open a session for whoever the passkey belongs to. Every reason to refuse is answered alike, but for a copy."""
    challenge = await _take_challenge(_challenge_of(answer, new=False), browser, None)
    passkey = await _passkey_of(answer)
    username = passkey["username"] if passkey else sign_in.UNKNOWN
    act = current_act()
    set_act(Act(username, None, act.address, act.request_id))
    if challenge is None:
        return await _refused(username, "passkey-late")
    count = _verified_count(answer, challenge, passkey) if passkey else None
    if passkey is None or count is None:
        return await _refused(username, Verdict.WRONG_PASSKEY)
    async with db.transaction():
        if await _count_grew(passkey["key"], count):
            cookie = await sign_in.admit(passkey, browser.agent, "passkey")
            return Result(Verdict.SIGNED_IN, cookie=cookie)
    return await _copied(passkey)


async def _passkey_of(answer: str) -> Any:
    """The passkey that the answer names, of an account that is open and is the one it names."""
    from webauthn.helpers import parse_authentication_credential_json

    try:
        given = parse_authentication_credential_json(answer)
    except Exception:  # noqa: BLE001  as above
        return None
    return await db.fetchrow(
        "SELECT k.id AS key, k.public_key, a.id, a.person, a.username FROM passkey k "
        "JOIN account a ON a.id = k.account "
        "WHERE k.credential = $1 AND uuid_send(a.handle) = $2 AND a.disabled_at IS NULL",
        given.raw_id,
        given.response.user_handle or b"",
    )


def _verified_count(answer: str, challenge: bytes, passkey: Any) -> int | None:
    """The counter of an answer that was really signed by this passkey for us, or None.

    Compared with the last one by ``_count_grew``: here it would be compared before the signature is, and
    anybody could cast suspicion on a passkey.
    """
    from webauthn import verify_authentication_response

    try:
        verified = verify_authentication_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=_party().host,
            expected_origin=_party().origin,
            credential_public_key=passkey["public_key"],
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except Exception:  # noqa: BLE001  as above
        return None
    return verified.new_sign_count


async def _count_grew(key: int, count: int) -> bool:
    """Take the counter forward, once. Passkeys that a cloud keeps have none: theirs stays at 0 (W3C, 6.1.1)."""
    taken = await db.fetchval(
        "UPDATE passkey SET sign_count = $2, last_used_at = $3 WHERE id = $1 AND suspected_at IS NULL "
        "AND (sign_count < $2 OR (sign_count = 0 AND $2 = 0)) RETURNING id",
        key,
        count,
        clock.now(),
    )
    return taken is not None


async def _copied(passkey: Any) -> Result:
    await db.execute(
        "UPDATE passkey SET suspected_at = coalesce(suspected_at, $2) WHERE id = $1",
        passkey["key"],
        clock.now(),
    )
    return await _refused(passkey["username"], "passkey-copied")


async def _refused(username: str, reason: str) -> Result:
    await audit.refused("session:login", "account", username, reason=reason, means="passkey")
    return Result(Verdict.COPIED if reason == Verdict.COPIED else Verdict.WRONG_PASSKEY)


# ── challenges ───────────────────────────────────────────────────────────────────────────────────


async def _new_challenge(browser: Browser, person_id: int | None) -> bytes:
    challenge = secrets.token_bytes(CHALLENGE_BYTES)
    await db.execute(
        "INSERT INTO passkey_challenge (challenge, person, browser, good_until) VALUES ($1, $2, $3, $4)",
        challenge,
        person_id,
        browser.digest,
        clock.now() + GOOD_FOR,
    )
    return challenge


async def _take_challenge(
    challenge: bytes, browser: Browser, person_id: int | None
) -> bytes | None:
    """The challenge if it was made for this browser and purpose and is in time; it is gone in any case."""
    row = await db.fetchrow(
        "DELETE FROM passkey_challenge WHERE challenge = $1 RETURNING person, browser, good_until",
        challenge,
    )
    if (
        row is None
        or row["person"] != person_id
        or row["browser"] != browser.digest
        or row["good_until"] < clock.now()
    ):
        return None
    return challenge


def _challenge_of(answer: str, *, new: bool) -> bytes:
    """Which challenge the answer says that it answers; nothing when it cannot be read."""
    from webauthn.helpers import (
        parse_authentication_credential_json,
        parse_client_data_json,
        parse_registration_credential_json,
    )

    read = parse_registration_credential_json if new else parse_authentication_credential_json
    try:
        return parse_client_data_json(read(answer).response.client_data_json).challenge
    except Exception:  # noqa: BLE001  as above
        return b""


async def forget_old_challenges() -> None:
    await db.execute("DELETE FROM passkey_challenge WHERE good_until < $1", clock.now())


def _party() -> Party:
    found = party()
    if found is None:
        raise AccountError("passkey-refused")
    return found
