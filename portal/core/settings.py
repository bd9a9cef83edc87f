"""What the person who runs the portal decides outside it: environment, or ``.env`` in the data folder.

What staff may change in the browser is a site setting (``core/site_settings.py``).
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import urlsplit

Network = IPv4Network | IPv6Network


class SettingsError(Exception):
    """One line: which setting is wrong and how to mend it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of INTERFACE.md. ``database_url`` is None while the embedded server is to be used."""

    data: Path
    key_file: Path
    database_url: str | None
    base_url: str
    trusted_proxies: tuple[Network, ...]
    development: bool
    demo: bool
    national_cryptography: bool
    sms_url: str | None
    sms_token: str
    smtp_url: str | None
    mail_from: str

    @property
    def secure(self) -> bool:
        """Whether visitors reach the portal by https, so that cookies may be marked Secure."""
        return self.base_url.startswith("https://")

    @property
    def origin(self) -> str:
        parts = urlsplit(self.base_url)
        return f"{parts.scheme}://{parts.netloc}"


def said(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """What the environment and the data folder's ``.env`` say, before any default."""
    given = dict(os.environ if environ is None else environ)
    return _dotenv(_data(given) / ".env") | given


def _data(given: Mapping[str, str]) -> Path:
    return Path(given.get("PORTAL_DATA") or "var").absolute()


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the environment and the data folder's ``.env``; the environment wins."""
    given = said(environ)
    data = _data(given)
    base_url = (given.get("PORTAL_BASE_URL") or "http://127.0.0.1:8000").rstrip("/")
    if urlsplit(base_url).scheme not in ("http", "https") or not urlsplit(base_url).netloc:
        raise SettingsError(f"PORTAL_BASE_URL must be an http(s) address, not {base_url!r}")
    return Settings(
        data=data,
        key_file=Path(given.get("PORTAL_KEY_FILE") or data / "keys.json").absolute(),
        database_url=given.get("PORTAL_DATABASE_URL") or None,
        base_url=base_url,
        trusted_proxies=_networks(given.get("PORTAL_TRUSTED_PROXIES", "")),
        development=_switch(given, "PORTAL_DEVELOPMENT"),
        demo=_switch(given, "PORTAL_DEMO"),
        national_cryptography=_suite(given) == "gm",
        sms_url=given.get("PORTAL_SMS_URL") or None,
        sms_token=given.get("PORTAL_SMS_TOKEN", ""),
        smtp_url=_smtp(given.get("PORTAL_SMTP_URL", "")),
        mail_from=given.get("PORTAL_MAIL_FROM") or f"portal@{urlsplit(base_url).hostname}",
    )


@cache
def settings() -> Settings:
    """The settings of this process, read once."""
    return load()


def _switch(given: Mapping[str, str], name: str) -> bool:
    value = given.get(name, "").strip().lower()
    if value in ("", "0", "no", "false"):
        return False
    if value in ("1", "yes", "true"):
        return True
    raise SettingsError(f"{name} must be 1 or 0, not {value!r}")


def _suite(given: Mapping[str, str]) -> str:
    suite = given.get("PORTAL_CRYPTO_SUITE") or "aes"
    if suite not in ("aes", "gm"):
        raise SettingsError(f"PORTAL_CRYPTO_SUITE must be aes or gm, not {suite!r}")
    return suite


def _smtp(text: str) -> str | None:
    if not text:
        return None
    try:
        parts = urlsplit(text)
        right = parts.scheme in ("smtp", "smtps") and parts.hostname and parts.port != 0
    except ValueError:
        right = False
    if not right:  # no word of the text: it may hold a password
        raise SettingsError(
            "PORTAL_SMTP_URL must be smtp://[user:password@]host[:port] or smtps://…"
        )
    return text


def _networks(text: str) -> tuple[Network, ...]:
    try:
        return tuple(
            ip_network(part.strip(), strict=False) for part in text.split(",") if part.strip()
        )
    except ValueError as error:
        raise SettingsError(f"PORTAL_TRUSTED_PROXIES: {error}") from None


def _dotenv(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    found = {}
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        name, equals, value = text.partition("=")
        if not equals:
            raise SettingsError(f"{path}, line {number}: expected NAME=value")
        found[name.strip()] = value.strip().strip("\"'")
    return found
