"""Site settings in the browser: shown to whom the policy lets in, changed one at a time."""

import pytest

from portal.core import db
from portal.core.site_settings import declared
from portal.features.booking.limits import LARGEST_PARTY
from portal.web.permission import policy
from portal.web.respond import SITE_NAME_ZH
from rbac.compiled import CompiledPolicy
from rbac.policy import Policy, shipped_policy
from tests.browser import Browser, SignIn


@pytest.fixture
async def admin(signed_in_as: SignIn) -> Browser:
    return await signed_in_as("sysadmin")


async def test_every_setting_is_shown_with_its_default(admin: Browser) -> None:
    page = (await admin.get("/settings")).text
    for name in declared():
        assert f'action="/settings/{name}"' in page
        assert f'id="{name}"' in page


async def test_a_change_is_in_force_and_says_who_made_it(admin: Browser, visitor: Browser) -> None:
    answer = await admin.post_form(
        "/settings", {"site.name_zh": "云岫山景区"}, action="/settings/site.name_zh"
    )
    assert answer.headers["location"] == "/settings?done=site.name_zh#site.name_zh"
    assert SITE_NAME_ZH() == "云岫山景区"
    assert "云岫山景区" in (await visitor.get("/login")).text
    page = (await admin.get("/settings?done=site.name_zh")).text
    assert "sysadmin" in page
    assert 'role="status"' in page
    entry = await db.fetchrow("SELECT * FROM audit_entry WHERE act = 'settings:edit'")
    assert (entry["subject"], entry["object_id"]) == ("sysadmin", "site.name_zh")


@pytest.mark.parametrize("typed", ["0", "51", "many", "", "1.5", "9" * 400])
async def test_a_value_that_does_not_fit_stays_beside_its_field(typed: str, admin: Browser) -> None:
    name = LARGEST_PARTY.name
    answer = await admin.post_form("/settings", {name: typed}, action=f"/settings/{name}")
    assert answer.status_code == 422
    assert f'id="error-{name}"' in answer.text
    assert f'value="{typed}"' in answer.text
    assert LARGEST_PARTY() == LARGEST_PARTY.default
    assert await db.fetchval("SELECT count(*) FROM site_setting") == 0


async def test_a_value_is_text_in_the_page(admin: Browser) -> None:
    await admin.post_form(
        "/settings", {"site.phone": '"><script>alert(1)</script>'}, action="/settings/site.phone"
    )
    for path in ("/settings", "/login"):
        assert "<script>alert" not in (await admin.get(path)).text


@pytest.mark.parametrize("name", ["nothing", "site.unknown", "site.name_zh%00"])
async def test_there_are_no_other_settings(name: str, admin: Browser) -> None:
    token = await admin.token("/settings")
    answer = await admin.post(f"/settings/{name}", data={"_csrf_token": token, name: "x"})
    assert answer.status_code in (400, 404)


async def test_who_may_only_read_is_offered_no_change(signed_in_as: SignIn) -> None:
    gate = await signed_in_as("gate1")
    assert (await gate.get("/settings")).status_code == 403
    reading = shipped_policy(demo=True).text + "p, gate1, *, settings, read, any, , allow\n"
    policy.swap((policy.version or 0) + 1, CompiledPolicy(Policy.parse(reading)))
    page = await gate.get("/settings")
    assert page.status_code == 200
    assert page.text.count(" disabled") == len(declared())
    token = await gate.token("/desk")
    answer = await gate.post(
        "/settings/site.name_zh", data={"_csrf_token": token, "site.name_zh": "x"}
    )
    assert answer.status_code == 403
    assert SITE_NAME_ZH() == SITE_NAME_ZH.default


@pytest.mark.parametrize(
    ("name", "typed", "words"),
    [
        ("site.name_zh", "   ", "Please fill this in."),
        ("site.banner_en", "x" * 301, "This text is too long."),
        ("site.banner_until", "tomorrow", "This is not in the expected format."),
    ],
)
async def test_a_text_has_its_limits_too(name: str, typed: str, words: str, admin: Browser) -> None:
    answer = await admin.post_form("/settings?lang=en", {name: typed}, action=f"/settings/{name}")
    assert answer.status_code == 422
    assert words in answer.text


async def test_settings_stand_in_groups_that_can_be_jumped_to(admin: Browser) -> None:
    page = (await admin.get("/settings?lang=en")).text
    for key in {name.partition(".")[0] for name in declared()}:
        assert f'href="#group-{key}"' in page
        assert f'id="group-{key}"' in page
    assert ">group-" not in page


@pytest.mark.parametrize(
    ("name", "over", "words"),
    [
        ("site.banner_until", "2020-01-01T12:00", "banner that nobody sees any more"),
        ("capacity.factor_until", "2020-01-01", "share of the maxima whose days are over"),
    ],
)
async def test_a_setting_whose_time_is_over_waits_on_the_desk(
    name: str, over: str, words: str, admin: Browser
) -> None:
    async def save(setting: str, typed: str) -> None:
        answer = await admin.post_form("/settings", {setting: typed}, action=f"/settings/{setting}")
        assert answer.status_code == 303

    await save("site.banner_zh", "今日大风")
    await save("capacity.factor_percent", "50")
    assert words not in (await admin.get("/desk?lang=en")).text
    await save(name, over)
    assert words in (await admin.get("/desk?lang=en")).text
    assert "今日大风" in (await admin.get("/settings")).text
