"""What the person who runs the portal decides outside it: read, checked, told in one line when wrong."""

from ipaddress import ip_network
from pathlib import Path

import pytest

from portal.core.settings import SettingsError, load


def test_without_anything_set_the_defaults_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = load({})
    assert found.data == tmp_path / "var"
    assert found.key_file == tmp_path / "var" / "keys.json"
    assert found.database_url is None
    assert found.base_url == found.origin == "http://127.0.0.1:8000"
    assert found.trusted_proxies == ()
    assert (found.development, found.demo, found.secure) == (False, False, False)


def test_every_setting_is_read(tmp_path: Path) -> None:
    found = load(
        {
            "PORTAL_DATA": str(tmp_path),
            "PORTAL_KEY_FILE": "/etc/shanmen/keys.json",
            "PORTAL_DATABASE_URL": "postgresql://db/portal",
            "PORTAL_BASE_URL": "https://tickets.example.cn/",
            "PORTAL_TRUSTED_PROXIES": "10.0.0.1, 192.168.0.0/16,fd00::/8",
            "PORTAL_DEVELOPMENT": "yes",
            "PORTAL_DEMO": " TRUE ",
            "PORTAL_CRYPTO_SUITE": "gm",
            "PORTAL_SMS_URL": "https://sms.example.cn/send",
            "PORTAL_SMS_TOKEN": "secret",
        }
    )
    assert found.key_file == Path("/etc/shanmen/keys.json")
    assert found.database_url == "postgresql://db/portal"
    assert found.base_url == found.origin == "https://tickets.example.cn"
    assert found.secure
    assert found.national_cryptography
    assert (found.sms_url, found.sms_token) == ("https://sms.example.cn/send", "secret")
    assert found.trusted_proxies == tuple(
        ip_network(text) for text in ("10.0.0.1/32", "192.168.0.0/16", "fd00::/8")
    )
    assert found.development
    assert found.demo


def test_the_origin_is_without_a_path() -> None:
    assert load({"PORTAL_BASE_URL": "https://example.cn:8443/shanmen"}).origin == (
        "https://example.cn:8443"
    )


def test_the_env_file_in_the_data_folder_is_read_and_the_environment_wins(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        "# how we run it\n\nPORTAL_BASE_URL = 'https://a.example.cn'\n"
        'PORTAL_DEMO="1"\nPORTAL_DATABASE_URL=postgresql://db/a?x=1\n',
        "utf-8",
    )
    data = {"PORTAL_DATA": str(tmp_path)}
    assert load(data).base_url == "https://a.example.cn"
    assert load(data).database_url == "postgresql://db/a?x=1"
    assert load(data).demo
    assert (
        load(data | {"PORTAL_BASE_URL": "https://b.example.cn"}).base_url == "https://b.example.cn"
    )
    assert not load(data | {"PORTAL_DEMO": "0"}).demo


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"PORTAL_BASE_URL": "ftp://example.cn"}, "PORTAL_BASE_URL"),
        ({"PORTAL_BASE_URL": "example.cn"}, "PORTAL_BASE_URL"),
        ({"PORTAL_BASE_URL": "https://"}, "PORTAL_BASE_URL"),
        ({"PORTAL_TRUSTED_PROXIES": "10.0.0.300"}, "PORTAL_TRUSTED_PROXIES"),
        ({"PORTAL_TRUSTED_PROXIES": "proxy"}, "PORTAL_TRUSTED_PROXIES"),
        ({"PORTAL_DEMO": "perhaps"}, "PORTAL_DEMO"),
        ({"PORTAL_DEVELOPMENT": "2"}, "PORTAL_DEVELOPMENT"),
    ],
)
def test_a_wrong_setting_is_named_in_one_line(given: dict[str, str], told: str) -> None:
    with pytest.raises(SettingsError, match=told) as caught:
        load(given)
    assert "\n" not in str(caught.value)


def test_a_wrong_line_of_the_env_file_is_named(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PORTAL_DEMO=1\nthis is no setting\n", "utf-8")
    with pytest.raises(SettingsError, match=r"\.env, line 2"):
        load({"PORTAL_DATA": str(tmp_path)})


def test_another_suite_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="PORTAL_CRYPTO_SUITE must be aes or gm"):
        load({"PORTAL_DATA": str(tmp_path), "PORTAL_CRYPTO_SUITE": "rot13"})
