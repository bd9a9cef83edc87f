"""Accounts: create, reset, disable, change one's own password and second factor."""

import secrets

from portal.core import audit, clock, db
from portal.core.i18n import LazyText, _l
from portal.features.people import lockout, passwords, queries, second_factor, sign_in
from portal.features.people.rules import username_error
from portal.web.session import sessions

WORDS: dict[str, LazyText] = {
    "username-form": _l("A user name has 2 to 40 lower-case letters, digits, dots or dashes."),
    "unknown-account": _l("There is no such account."),
    "username-taken": _l("This user name is taken."),
    "password-short": _l("Please choose a password of at least 10 characters."),
    "password-guessable": _l("This password is too easy to guess."),
    "password-differs": _l("The two passwords do not match."),
    "wrong-password": _l("This is not your current password."),
    "wrong-sign-in": _l("The user name or password is wrong."),
    "wrong-code": _l("This code is wrong or has already been used."),
    "no-second-factor": _l("Two-step sign-in is not on."),
    "locked": _l("Too many wrong attempts. Please try again later."),
    "name-long": _l("A name can have at most 50 characters."),
    "name-invisible": _l("The name contains invisible characters. Please type it again."),
    "name-letters": _l("A name has letters, spaces and dashes only."),
    "email-form": _l("Please enter an e-mail address such as name@example.com."),
    "reason-short": _l("Please say why, in a few words."),
    "own-account": _l("Your own account is kept under your name at the top, and by a colleague."),
    "last-one": _l("Nobody else could do this any more: %(what)s. Grant it to somebody first."),
    "both-factors": _l(
        "The other factor was just reset. For this office only one is reset here until the person has signed in: "
        "both together would let in whoever does it."
    ),
    "already-so": _l("This is so already."),
    "wrong-passkey": _l(
        "This passkey did not sign you in. Please try again, or use your password."
    ),
    "passkey-copied": _l(
        "This passkey may have been copied and opens nothing any more. Remove it."
    ),
    "passkey-known": _l("This passkey is registered already."),
    "passkey-late": _l("This took too long. Please start again."),
    "passkey-refused": _l("This device’s answer could not be accepted. Please try again."),
    "passkeys-enough": _l("Ten passkeys are the most. Remove one first."),
}


class AccountError(Exception):
    """``args[0]`` is the code of what is wrong."""


def new_password() -> str:
    """A one-time password that can be read over the telephone."""
    return "-".join(secrets.token_hex(2) for _ in range(4))


async def create(username: str, name: str, password: str, *, must_change: bool = True) -> int:
    """Create a person with an account; returns the person's id. Grants nothing: roles are policy."""
    if code := username_error(username):
        raise AccountError(code)
    return await insert(username, name, await passwords.make(password), must_change=must_change)


async def insert(username: str, name: str, digest: str, *, must_change: bool) -> int:
    """The same with a password that is hashed already."""
    try:
        async with db.transaction():
            person: int = await db.fetchval(
                "INSERT INTO person (name) VALUES ($1) RETURNING id", name
            )
            await db.execute(
                "INSERT INTO account (person, username, password_hash, must_change_password) "
                "VALUES ($1, $2, $3, $4)",
                person,
                username,
                digest,
                must_change,
            )
            audit.record("account:create", "account", username)
    except db.UniqueViolation:
        raise AccountError("username-taken") from None
    return person


async def reset(username: str, password: str) -> None:
    """Give a new one-time password, take the second factor away, end all sessions: from the command line."""
    digest = await passwords.make(password)
    async with db.transaction():
        person = await db.fetchval(
            "UPDATE account SET password_hash = $2, must_change_password = true, "
            "password_changed_at = $3 WHERE username = $1 RETURNING person",
            username,
            digest,
            clock.now(),
        )
        if person is None:
            raise AccountError("unknown-account")
        await forget_factors(username)
        await lockout.forgive(username)
        await sessions().end_all(person)
        audit.record("account:reset", "account", username)


async def forget_factors(username: str) -> None:
    """Authenticator, passkeys and recovery codes of an account are gone, in the open transaction."""
    account_id = await db.fetchval(
        "UPDATE account SET totp_sealed = NULL, totp_confirmed_at = NULL WHERE username = $1 RETURNING id",
        username,
    )
    for table in ("passkey", "recovery_code"):
        await db.execute(f"DELETE FROM {table} WHERE account = $1", account_id)  # noqa: S608  two names


async def disable(username: str, *, disabled: bool = True) -> None:
    """Close an account at once, in every process; or open it again."""
    async with db.transaction():
        person = await db.fetchval(
            "UPDATE account SET disabled_at = $2, disabled_by = '', disabled_reason = '', "
            "enabled_at = CASE WHEN $2::timestamptz IS NULL THEN $3::timestamptz ELSE enabled_at END "
            "WHERE username = $1 RETURNING person",
            username,
            clock.now() if disabled else None,
            clock.now(),
        )
        if person is None:
            raise AccountError("unknown-account")
        await sessions().end_all(person)
        audit.record("account:disable", "account", username, disabled=disabled)


async def change_password(person_id: int, current: str, wanted: str, keep: bytes | None) -> None:
    """Change one's own password; other sessions end."""
    username = await _prove(person_id, current)
    if code := passwords.error(wanted, username):
        raise AccountError(code)
    digest = await passwords.make(wanted)
    async with db.transaction():
        await db.execute(
            "UPDATE account SET password_hash = $2, must_change_password = false, "
            "password_changed_at = $3 WHERE person = $1",
            person_id,
            digest,
            clock.now(),
        )
        await sessions().end_all(person_id, keep)
        audit.record("account:self", "account", username, change="password")


async def _prove(person_id: int, password: str) -> str:
    """The user name of whoever knows the password; a wrong one counts like a wrong sign-in."""
    if not await sign_in.confirm(person_id, password):
        raise AccountError("wrong-password")
    return str(await db.fetchval("SELECT username FROM account WHERE person = $1", person_id))


async def start_second_factor(person_id: int, password: str) -> str:
    """Keep a new secret, not in force until a code of it was typed; returns the secret."""
    await _prove(person_id, password)
    secret = second_factor.new_secret()
    account_id = await db.fetchval("SELECT id FROM account WHERE person = $1", person_id)
    await db.execute(
        "UPDATE account SET totp_sealed = $2 WHERE id = $1 AND totp_confirmed_at IS NULL",
        account_id,
        await second_factor.seal(secret, account_id),
    )
    return secret


async def confirm_second_factor(person_id: int, code: str) -> list[str]:
    """Put the secret in force; returns recovery codes to be shown once."""
    async with db.transaction():
        account = await db.fetchrow(
            "SELECT id, username, totp_sealed, totp_confirmed_at FROM account WHERE person = $1 FOR UPDATE",
            person_id,
        )
        if account is None or account["totp_sealed"] is None or account["totp_confirmed_at"]:
            raise AccountError("wrong-code")
        if not await second_factor.accept(account, code):
            raise AccountError("wrong-code")
        await db.execute(
            "UPDATE account SET totp_confirmed_at = $2 WHERE id = $1", account["id"], clock.now()
        )
        await sessions().renew()
        audit.record("account:self", "account", account["username"], change="second-factor-on")
        return await second_factor.first_recovery_codes(account["id"])


async def pending_secret(person_id: int, shown: str) -> str:
    """The secret that still waits for a code, for whoever was shown it; a wrong code is no reason for another."""
    account = await db.fetchrow(
        "SELECT id, totp_sealed FROM account WHERE person = $1 AND totp_confirmed_at IS NULL "
        "AND totp_sealed IS NOT NULL",
        person_id,
    )
    secret = await second_factor.unseal(account) if account else ""
    return secret if secrets.compare_digest(secret.encode(), shown.encode()) else ""


async def renew_recovery_codes(person_id: int, password: str) -> list[str]:
    """New recovery codes in place of the old ones, with the password; shown once."""
    username = await _prove(person_id, password)
    async with db.transaction():
        account_id = await db.fetchval(
            "SELECT id FROM account WHERE person = $1 FOR UPDATE", person_id
        )
        if account_id is None or not await second_factor.is_on(account_id):
            raise AccountError("no-second-factor")
        audit.record("account:self", "account", username, change="recovery-codes")
        return await second_factor.new_recovery_codes(account_id)


async def end_session(person_id: int, username: str, mark: str) -> None:
    """End one of one's own sessions; somebody else's is not found, which looks the same."""
    async with db.transaction():
        if mark in {entry.mark for entry in await queries.open_sessions(person_id, None)}:
            await sessions().end(bytes.fromhex(mark))
            audit.record("account:self", "account", username, change="session-ended")


async def sign_out(username: str, id_hash: bytes) -> None:
    async with db.transaction():
        await sessions().end(id_hash)
        audit.record("session:logout", "account", username)


async def end_other_sessions(person_id: int, username: str, keep: bytes | None) -> None:
    async with db.transaction():
        if ended := await sessions().end_all(person_id, keep):
            audit.record("account:self", "account", username, change="sessions-ended", rows=ended)


async def drop_second_factor(person_id: int, password: str) -> None:
    """Take the second factor away, with the password."""
    username = await _prove(person_id, password)
    async with db.transaction():
        account_id = await db.fetchval(
            "UPDATE account SET totp_sealed = NULL, totp_confirmed_at = NULL WHERE person = $1 "
            "RETURNING id",
            person_id,
        )
        await second_factor.forget_codes_without_factor(account_id)
        await sessions().renew()
        audit.record("account:self", "account", username, change="second-factor-off")
