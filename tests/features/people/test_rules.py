from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.features.people import passwords
from portal.features.people.rules import (
    FREE_ATTEMPTS,
    email_error,
    lock_after,
    reason_error,
    tidy_code,
    username_error,
)


def test_a_lock_grows_and_is_never_for_good() -> None:
    pauses = [lock_after(failures) for failures in range(12)]
    assert pauses[:FREE_ATTEMPTS] == [None] * 5
    minutes = [pause.total_seconds() / 60 for pause in pauses[FREE_ATTEMPTS:] if pause]
    assert minutes == [1, 5, 15, 60, 60, 60, 60]
    assert lock_after(10**9) == timedelta(hours=1)


@pytest.mark.parametrize(
    "username", ["ab", "director", "manager.procurement", "a" + "b" * 39, "x-1_y"]
)
def test_a_user_name_is_small_letters_digits_dots_and_dashes(username: str) -> None:
    assert username_error(username) is None


@pytest.mark.parametrize(
    "username",
    ["", "a", "1ab", "Director", "di rector", "陆景行", "a" * 41, "ab\n", ".ab", "a'b", "ａｂ"],
)
def test_anything_else_is_none(username: str) -> None:
    assert username_error(username) == "username-form"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("123456", "123456"),
        (" 123 456 ", "123456"),
        ("123-456", "123456"),
        ("１２３４５６", "123456"),
        ("AB12C-D34EF", "ab12cd34ef"),
        ("", ""),
    ],
)
def test_a_code_is_taken_as_it_was_meant(typed: str, meant: str) -> None:
    assert tidy_code(typed) == meant


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",
        "山门外的三棵松树和石阶",
        "x7!kQ2#mZp",
        "a1b2c3d4e5f6",
        "?" + "ab" * 40 + "cde",
    ],
)
def test_length_counts_not_signs(password: str) -> None:
    assert passwords.error(password, "director") is None


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("", "password-short"),
        ("short1!aB", "password-short"),
        ("x" * 201, "too-long"),
        ("aaaaaaaaaa", "password-guessable"),
        ("abababababab", "password-guessable"),
        ("i am director 1", "password-guessable"),
        ("I Am DIRECTOR 1", "password-guessable"),
        ("1234567890", "password-guessable"),
        ("QwertyUiop123", "password-guessable"),
        ("woaini1314520", "password-guessable"),
    ],
)
def test_what_is_guessed_first_is_refused(password: str, code: str) -> None:
    assert passwords.error(password, "director") == code


def test_every_common_password_would_otherwise_be_long_enough() -> None:
    assert all(len(password) >= passwords.SHORTEST for password in passwords.COMMON)


@given(st.text())
def test_no_text_upsets_the_rules(text: str) -> None:
    username_error(text)
    passwords.error(text, text)
    tidy_code(text)


async def test_a_hash_tells_nothing_and_fits_its_password_alone() -> None:
    first, second = [await passwords.make("correct horse battery") for _ in range(2)]
    assert first.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert first != second
    assert await passwords.fits(first, "correct horse battery")
    assert not await passwords.fits(first, "correct horse batterz")
    assert not await passwords.fits(first, "")
    assert not await passwords.fits(None, "a user name that does not exist costs the same time")
    assert not await passwords.fits("no hash", "x")


@pytest.mark.parametrize("address", ["a@b.c", "林@例子.中国", "first.last+tag@mail.example.com"])
def test_what_may_be_an_e_mail_address_is_taken(address: str) -> None:
    assert email_error(address) is None


@pytest.mark.parametrize(
    "address",
    ["", "a", "a@b", "@b.c", "a@b.", "a b@c.d", "a@b@c.d", "a\n@b.c", "a@b.c" + "d" * 300],
)
def test_what_cannot_be_one_is_not(address: str) -> None:
    assert email_error(address) == "email-form"


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("忘记密码", None),
        ("left the firm", None),
        ("x", "reason-short"),
        ("ok \u202egnp", "reason-short"),
    ],
)
def test_a_reason_says_something(reason: str, code: str | None) -> None:
    assert reason_error(reason) == code
