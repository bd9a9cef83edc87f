"""The catalogue's staff pages by HTTP: every table is listed, made, changed, deleted, and refused where it must be."""

from datetime import date, time, timedelta

import pytest

from portal.core import clock, db, site_settings
from portal.features.catalogue import generation, plan, sale, snapshot
from portal.features.catalogue.availability import SlotView, availability
from portal.features.payments import providers
from tests.browser import Browser, SignIn, forms
from tests.factories.booking import a_visitor, an_order, the_order
from tests.factories.catalogue import a_price, a_product, a_slot, an_attraction, noticed

EVERY_DAY = {f"weekdays-{day}": "yes" for day in range(1, 8)}


@pytest.fixture
async def manager(signed_in_as: SignIn) -> Browser:
    return await signed_in_as("manager.systems")


async def a_pattern(product: int, *, capacity: int = 100, starts: time = time(9)) -> int:
    """A slot of two hours on every day, generated."""
    made = await db.fetchval(
        "INSERT INTO slot_pattern (product, weekdays, starts, ends, capacity, valid_from) "
        "VALUES ($1, '{1,2,3,4,5,6,7}', $2, $3, $4, $5) RETURNING id",
        product,
        starts,
        starts.replace(hour=starts.hour + 2),
        capacity,
        clock.today(),
    )
    await generation.generate()
    await noticed()
    return int(made)


def tomorrow() -> date:
    return clock.today() + timedelta(days=1)


async def the_slot(day: date | None = None) -> dict[str, object]:
    return dict(await db.fetchrow("SELECT * FROM slot WHERE visit_day = $1", day or tomorrow()))


NEW_ROWS = {
    "attractions": {"name_zh": "古塔", "name_en": "Old pagoda"},
    "gates": {"name_zh": "西门", "name_en": "West Gate"},
    "products": {"name_zh": "古塔票", "name_en": "Pagoda ticket", "slug": "pagoda"},
    "categories": {"name_zh": "居民票", "name_en": "Resident", "code": "resident"},
    "seasons": {"code": "peak", "first_day": "2027-04-01", "last_day": "2027-10-31"},
    "calendar": {"day": "2027-12-31", "kind": "free_day", "name_zh": "除夕", "name_en": "Eve"},
    "slot-patterns": {"starts": "18:00", "ends": "20:00", "capacity": "50"} | EVERY_DAY,
    "slot-exceptions": {"day": "2027-12-31", "capacity_percent": "50"},
}


@pytest.mark.charter("BK-1", "BK-2")
@pytest.mark.parametrize("name", NEW_ROWS)
async def test_a_row_is_made_changed_and_deleted_in_the_browser(
    manager: Browser, name: str
) -> None:
    await a_product()
    made = await manager.post_form(f"/catalogue/{name}/new", NEW_ROWS[name])
    assert made.headers["location"] == f"/catalogue/{name}?done=saved", made.text
    assert (await manager.get(f"/catalogue/{name}")).status_code == 200
    table = {"calendar": "calendar_day", "slot-patterns": "slot_pattern", "slot-exceptions": "slot_exception",
             "categories": "category"}.get(name, name.removesuffix("s"))  # fmt: skip
    row = await db.fetchval(f"SELECT max(id) FROM {table}")
    page = f"/catalogue/{name}/{row}"
    again = await manager.post_form(page, {"seen": "yes"}, action=page)
    assert again.status_code == 303
    asked = await manager.post_form(page, action=page)
    assert asked.status_code == 303
    deleting = await manager.post(f"{page}/delete", data={"_csrf_token": await manager.token(page)})
    assert "Delete this?" in deleting.text or "确定删除" in deleting.text
    [form] = [found for found in forms(deleting.text) if found.action == f"{page}/delete"]
    gone = await manager.post(f"{page}/delete", data=form.fields | {"seen": "yes"})
    assert gone.headers["location"].endswith("done=deleted")
    assert await db.fetchval(f"SELECT count(*) FROM {table} WHERE id = $1", row) == 0
    repeat = await manager.post(f"{page}/delete", data=form.fields | {"seen": "yes"})
    assert repeat.headers["location"].endswith("done=deleted")
    acts = await db.fetch(
        "SELECT detail->>'change' AS change FROM audit_entry WHERE object_type = $1 ORDER BY seq",
        name,
    )
    assert {row["change"] for row in acts} >= {"create", "delete"}


async def test_a_row_that_is_sent_twice_is_made_once(manager: Browser) -> None:
    attraction = await an_attraction()
    form = await manager.form("/catalogue/gates/new")
    wish = form.fields | {"name_zh": "西门", "name_en": "West Gate", "attraction": str(attraction)}
    for _ in range(2):
        assert (await manager.post("/catalogue/gates", data=wish)).status_code == 303
    assert await db.fetchval("SELECT count(*) FROM gate") == 1


@pytest.mark.parametrize(
    ("name", "fields", "words"),
    [
        ("attractions", {"name_zh": ""}, "fill this in"),
        (
            "attractions",
            {"closed_from": "2027-05-02", "closed_until": "2027-05-01"},
            "must not come before",
        ),
        ("attractions", {"closed_until": "2027-05-01"}, "from when it is closed"),
        ("attractions", {"closed_from": "soon"}, "date such as"),
        ("products", {"slug": "Pagoda Ticket"}, "Lower-case letters"),
        ("products", {"slug": "mountain"}, "already exists"),
        ("products", {"payment": "shells"}, "one of the options"),
        ("products", {"attraction": "999"}, "one of the options"),
        ("categories", {"age_min": "60", "age_max": "18"}, "must not be below"),
        ("categories", {"age_min": "-1"}, "too small"),
        ("categories", {"code": "adult"}, "already exists"),
        ("seasons", {"last_day": "2027-03-31"}, "must not come before"),
        ("calendar", {"kind": "party"}, "one of the options"),
        ("slot-patterns", {"ends": "17:00"}, "must come after"),
        ("slot-patterns", {"starts": "25:00"}, "time such as"),
        ("slot-patterns", {"quota_window": "40", "quota_agency": "11"}, "larger than the capacity"),
        ("slot-patterns", {"capacity": "6001"}, "instantaneous maximum"),
        ("slot-patterns", dict.fromkeys(EVERY_DAY, ""), "at least one weekday"),
        ("slot-exceptions", {"capacity_percent": "201"}, "200"),
    ],
)
async def test_wrong_input_is_said_beside_its_field_and_nothing_is_lost(
    manager: Browser, name: str, fields: dict[str, str], words: str
) -> None:
    await a_product()
    answer = await manager.post_form(f"/catalogue/{name}/new?lang=en", NEW_ROWS[name] | fields)
    assert answer.status_code == 422
    assert words in answer.text
    for value in (NEW_ROWS[name] | fields).values():
        if value not in {"yes", "party", "shells", "999", ""}:
            assert value in answer.text


@pytest.mark.charter("PO-1")
@pytest.mark.parametrize("name", ["attractions", "prices", "calendar", "slot-patterns"])
@pytest.mark.parametrize("username", ["tech1", "finance", "window1"])
async def test_who_may_only_look_sees_no_button_and_is_refused(
    signed_in_as: SignIn, username: str, name: str
) -> None:
    await a_product()
    browser = await signed_in_as(username)
    page = await browser.get(f"/catalogue/{name}")
    assert page.status_code == 200
    assert "/new" not in page.text
    assert (await browser.get(f"/catalogue/{name}/new")).status_code == 403
    token = {"_csrf_token": await browser.token("/account")}
    assert (await browser.post(f"/catalogue/{name}", data=token)).status_code == 403
    assert (await browser.post(f"/catalogue/{name}/1", data=token)).status_code == 403
    assert (await browser.post(f"/catalogue/{name}/1/delete", data=token)).status_code == 403
    assert await db.fetchval("SELECT count(*) FROM audit_entry WHERE outcome = 'refused'") == 4


async def test_a_specialist_of_operations_edits_slots_and_not_prices(signed_in_as: SignIn) -> None:
    await a_product()
    browser = await signed_in_as("ops1")
    assert (await browser.get("/catalogue/slot-patterns/new")).status_code == 200
    assert (await browser.get("/catalogue/prices/new")).status_code == 403


async def test_what_is_not_there_is_not_found(manager: Browser) -> None:
    for path in ("/catalogue/mountains", "/catalogue/gates/999", "/catalogue/mountains/new"):
        assert (await manager.get(path)).status_code == 404


async def test_what_is_in_use_is_not_deleted(manager: Browser) -> None:
    await a_product()
    attraction = await db.fetchval("SELECT id FROM attraction")
    page = f"/catalogue/attractions/{attraction}"
    answer = await manager.post(
        f"{page}/delete?lang=en", data={"seen": "yes", "_csrf_token": await manager.token(page)}
    )
    assert answer.status_code == 422
    assert "in use" in answer.text


async def test_the_code_of_a_category_stays_with_sold_tickets(manager: Browser) -> None:
    await a_product()
    category = await db.fetchval("SELECT id FROM category WHERE code = 'adult'")
    page = f"/catalogue/categories/{category}"
    form = await manager.form(page, action=page)
    assert "code" not in form.fields
    await manager.post(page, data=form.fields | {"code": "grown_up", "name_en": "Grown-up"})
    row = await db.fetchrow("SELECT code, name_en FROM category WHERE id = $1", category)
    assert tuple(row) == ("adult", "Grown-up")


# --- slots: seen before they are changed, and nothing sold is stranded -----------------------------


@pytest.mark.charter("BK-2")
async def test_a_smaller_capacity_is_shown_first_and_leaves_sold_tickets_alone(
    manager: Browser,
) -> None:
    product = await a_product()
    pattern = await a_pattern(product)
    await an_order(await a_view(), visitors=[a_visitor(serial) for serial in range(1, 6)])
    page = f"/catalogue/slot-patterns/{pattern}"
    seen = await manager.post_form(f"{page}?lang=en", {"capacity": "3"}, action=page)
    assert seen.status_code == 200
    assert "This is what the change does" in seen.text
    assert "More is sold than the new capacity" in seen.text
    assert (await the_slot())["capacity"] == 100, "looking changes nothing"
    [form] = [found for found in forms(seen.text) if found.action == page]
    back = await manager.post(page, data=form.fields | {"edit": "yes"})
    assert 'value="3"' in back.text, "what was typed is there still"
    done = await manager.post(page, data=form.fields | {"seen": "yes"})
    assert done.status_code == 303
    assert (await the_slot())["capacity"] == 5, "room for what is sold"
    assert (await the_slot(tomorrow() + timedelta(days=1)))["capacity"] == 3


async def a_view() -> SlotView:
    """Tomorrow's slot as pages see it."""
    found = availability.slot(int(str((await the_slot())["id"])))
    assert found is not None
    return found


@pytest.mark.charter("BK-2")
async def test_an_exception_for_tomorrow_keeps_sold_tickets_valid(signed_in_as: SignIn) -> None:
    product = await a_product()
    await a_pattern(product)
    order = await an_order(await a_view())
    ops = await signed_in_as("ops1")
    page = f"/catalogue/slot-exceptions/new?day={tomorrow()}&product={product}&lang=en"
    seen = await ops.post_form(page, {"closed": "yes"})
    assert "Their tickets stay valid" in seen.text
    [form] = [found for found in forms(seen.text) if found.action == "/catalogue/slot-exceptions"]
    done = await ops.post("/catalogue/slot-exceptions", data=form.fields | {"seen": "yes"})
    assert done.status_code == 303
    assert (await the_slot())["retired"]
    assert (await the_order(order.code)).state == "confirmed"


async def test_new_slots_need_no_second_look(manager: Browser) -> None:
    product = await a_product()
    answer = await manager.post_form(
        "/catalogue/slot-patterns/new",
        {"product": str(product), "starts": "09:00", "ends": "11:00", "capacity": "10"} | EVERY_DAY,
    )
    assert answer.status_code == 303
    assert (await the_slot())["capacity"] == 10


@pytest.mark.charter("BK-2")
async def test_the_daily_maximum_holds_over_all_tickets_that_let_people_in(
    manager: Browser,
) -> None:
    async with db.transaction():
        await site_settings.change("capacity.daily_maximum", "150")
    mountain = await a_product()
    await a_pattern(mountain, capacity=100)
    garden = await a_product("garden", attraction=await an_attraction("花园"))
    wish = {
        "product": str(garden),
        "starts": "14:00",
        "ends": "16:00",
        "capacity": "51",
    } | EVERY_DAY
    page = "/catalogue/slot-patterns/new?lang=en"
    answer = await manager.post_form(page, wish)
    assert answer.status_code == 422
    assert "exceed the daily maximum" in answer.text
    weekend = dict.fromkeys(EVERY_DAY, "") | {"weekdays-6": "yes"}
    assert (await manager.post_form(page, wish | weekend)).status_code == 422, "one day is enough"
    assert (await manager.post_form(page, wish | {"capacity": "50"})).status_code == 303
    cable = await a_product("cable", attraction=await an_attraction("索道", core=False))
    await db.execute("UPDATE product SET counts = false WHERE id = $1", cable)
    inside = wish | {"product": str(cable), "capacity": "140"}
    assert (await manager.post_form(page, inside)).status_code == 303, "they are counted already"


async def test_only_the_days_of_a_pattern_are_judged(manager: Browser) -> None:
    async with db.transaction():
        await site_settings.change("capacity.daily_maximum", "150")
    product = await a_product()
    until = clock.today() + timedelta(days=30)
    await a_pattern(product, capacity=100)
    await db.execute("UPDATE slot_pattern SET valid_until = $1", until)
    wish = {
        "product": str(product),
        "starts": "14:00",
        "ends": "16:00",
        "capacity": "100",
    } | EVERY_DAY
    page = "/catalogue/slot-patterns/new"
    early = wish | {"valid_from": until.isoformat()}
    assert (await manager.post_form(page, early)).status_code == 422
    late = wish | {"valid_from": (until + timedelta(days=1)).isoformat()}
    assert (await manager.post_form(page, late)).status_code == 303
    far = wish | {"starts": "16:00", "ends": "18:00", "valid_from": "2035-01-01"}
    assert (await manager.post_form(page, far)).status_code == 422, "years ahead too"


async def test_what_was_too_large_before_may_be_made_smaller(manager: Browser) -> None:
    product = await a_product()
    pattern = await a_pattern(product, capacity=200)
    async with db.transaction():
        await site_settings.change("capacity.daily_maximum", "150")
    page = f"/catalogue/slot-patterns/{pattern}"
    answer = await manager.post_form(page, {"capacity": "180", "seen": "yes"}, action=page)
    assert answer.status_code == 303
    assert "larger than the daily maximum" in (await manager.get("/catalogue?lang=en")).text


@pytest.mark.charter("BK-2")
async def test_a_share_of_the_maxima_holds_on_its_days_only(manager: Browser) -> None:
    product = await a_product()
    async with db.transaction():
        await site_settings.change("capacity.daily_maximum", "100")
        await site_settings.change("capacity.factor_percent", "50")
        await site_settings.change("capacity.factor_from", tomorrow().isoformat())
        await site_settings.change("capacity.factor_until", tomorrow().isoformat())
    assert (sale.daily_maximum(clock.today()), sale.daily_maximum(tomorrow())) == (100, 50)
    await a_pattern(product, capacity=100)
    assert (await the_slot())["capacity"] == 50
    assert (await the_slot(tomorrow() + timedelta(days=1)))["capacity"] == 100
    asked = await plan.read()
    assert asked.visitors(tomorrow()) == 100, "what is asked for stays as it was"
    async with db.transaction():
        await site_settings.change("capacity.factor_until", "2020-01-01")
    assert sale.factor_is_over()
    assert "run out" in (await manager.get("/catalogue?lang=en")).text


# --- prices ----------------------------------------------------------------------------------------


@pytest.mark.charter("BK-1")
async def test_a_rise_without_notice_wants_its_legal_basis(manager: Browser) -> None:
    product = await a_product()
    adult = await db.fetchval("SELECT id FROM category WHERE code = 'adult'")
    wish = {"product": str(product), "category": str(adult), "valid_from": tomorrow().isoformat()}
    page = "/catalogue/prices/new?lang=en"
    answer = await manager.post_form(page, wish | {"fen": "120"})
    assert answer.status_code == 422
    assert "six months ahead" in answer.text
    assert 'value="120"' in answer.text
    weekend = wish | {"fen": "120", "day_type": "weekend"}
    assert (await manager.post_form(page, weekend)).status_code == 422, "weekends would be dearer"
    assert (await manager.post_form(page, wish | {"fen": "80"})).status_code == 303
    lawful = weekend | {"legal_basis": "发改价格〔2026〕7号"}
    assert (await manager.post_form(page, lawful)).status_code == 303
    backdated = wish | {"fen": "1", "valid_from": "2020-01-01"}
    for dear in ("100000.01", "300000", "40000000", "999999999"):
        answer = await manager.post_form(page, wish | {"fen": dear, "season": "peak"})
        assert answer.status_code == 422
        assert "costs at most ¥100,000" in answer.text
        assert f'value="{dear}"' in answer.text
    assert "before it is published" in (await manager.post_form(page, backdated)).text


@pytest.mark.charter("BK-1")
async def test_a_price_that_holds_stays_as_it_was_published(manager: Browser) -> None:
    await a_product()
    price = await db.fetchval("SELECT max(id) FROM price")
    page = f"/catalogue/prices/{price}"
    shown = await manager.get(f"{page}?lang=en")
    assert "stays as it was published" in shown.text
    assert f'action="{page}"' not in shown.text or "disabled" in shown.text
    fields = {"_csrf_token": await manager.token("/account"), "seen": "yes"}
    row = await db.fetchrow("SELECT product, category FROM price WHERE id = $1", price)
    wish = fields | {"product": str(row["product"]), "category": str(row["category"]), "season": "any",
                     "day_type": "any", "fen": "0.01", "valid_from": tomorrow().isoformat()}  # fmt: skip
    assert (await manager.post(page, data=wish)).status_code == 422
    assert (await manager.post(f"{page}/delete", data=fields)).status_code == 422
    assert await db.fetchval("SELECT count(*) FROM price WHERE id = $1", price) == 1


@pytest.mark.charter("BK-1")
async def test_the_price_list_shows_what_holds_and_what_is_coming(manager: Browser) -> None:
    product = await a_product()
    adult = await db.fetchval("SELECT id FROM category WHERE code = 'adult'")
    soon = clock.today() + timedelta(days=200)
    await a_price(product, adult, 12_300, valid_from=soon)
    await a_price(product, adult, 15_000, season="peak")
    page = (await manager.get("/catalogue/prices?lang=en")).text
    assert "¥100" in page
    assert "¥123" in page
    assert "peak season" in page
    assert "All published prices" in page
    then = (await manager.get(f"/catalogue/prices?on={soon}&lang=en")).text
    assert "¥123" in then
    assert (await manager.get("/catalogue/prices?on=never")).status_code == 200


async def test_taking_a_published_reduction_back_is_a_rise(manager: Browser) -> None:
    product = await a_product()
    adult = await db.fetchval("SELECT id FROM category WHERE code = 'adult'")
    cheaper = await a_price(product, adult, 5_000, valid_from=clock.today() + timedelta(days=30))
    page = f"/catalogue/prices/{cheaper}"
    answer = await manager.post(
        f"{page}/delete?lang=en", data={"seen": "yes", "_csrf_token": await manager.token(page)}
    )
    assert answer.status_code == 422
    assert "six months ahead" in answer.text


@pytest.mark.charter("BK-1")
async def test_a_closed_core_attraction_asks_for_a_reduced_price(manager: Browser) -> None:
    mountain = await a_product()
    garden = await a_product("garden", attraction=await an_attraction("花园", core=False))
    await db.execute(
        "UPDATE attraction SET closed_from = $1 WHERE id = (SELECT attraction FROM product WHERE id = $2)",
        tomorrow(),
        mountain,
    )
    await noticed()
    assert "no reduced price is published" in (await manager.get("/catalogue?lang=en")).text
    assert "core attractions closed" in (await manager.get("/desk?lang=en")).text
    adult = await db.fetchval("SELECT id FROM category WHERE code = 'adult'")
    await a_price(garden, adult, 9_000, valid_from=tomorrow())
    await snapshot.load()
    assert "no reduced price is published" not in (await manager.get("/catalogue?lang=en")).text


async def test_closing_an_attraction_names_the_days_that_are_sold(manager: Browser) -> None:
    slot = await a_slot()
    await an_order(slot)
    attraction = await db.fetchval("SELECT id FROM attraction")
    await db.execute("UPDATE attraction SET closed_from = $1", tomorrow())
    page = (await manager.get(f"/catalogue/attractions/{attraction}")).text
    assert f"/closures/new?date={tomorrow()}" in page


# --- holidays --------------------------------------------------------------------------------------


@pytest.mark.charter("BK-2")
async def test_a_year_of_holidays_comes_in_from_a_file(manager: Browser) -> None:
    page = "/catalogue/calendar"
    rows = "2027-10-01,节假日,国庆节,National Day,否\n2027-10-02,public_holiday,国庆节,National Day,no\n"
    fields = {"_csrf_token": await manager.token(page)}
    for expected in ("counts=2-0-0", "counts=0-0-2"):
        answer = await manager.post(
            f"{page}/import",
            data=fields,
            files={"file": ("2027.csv", rows.encode("gb18030"), "text/csv")},
        )
        assert answer.headers["location"].endswith(expected)
    shown = (await manager.get(f"{page}?lang=en")).text
    assert "not all confirmed" in shown
    assert "2 days" in shown, "days that follow each other are one span"
    confirmed = await manager.post_form(page, action=f"{page}/confirm/2027")
    assert confirmed.status_code == 303
    assert await db.fetchval("SELECT count(*) FROM calendar_day WHERE confirmed") == 2


@pytest.mark.charter("BK-2")
async def test_a_file_with_a_wrong_row_changes_nothing_and_names_it(manager: Browser) -> None:
    answer = await manager.post_form(
        "/catalogue/calendar?lang=en",
        {"rows": "2027-10-01,public_holiday,国庆节\n2027-13-01,public_holiday\n2027-10-03,party\n"},
        action="/catalogue/calendar/import",
    )
    assert answer.status_code == 422
    assert "2 rows cannot be read" in answer.text
    assert "the date is not one" in answer.text
    assert "the kind is not" in answer.text
    assert "2027-13-01" in answer.text
    assert await db.fetchval("SELECT count(*) FROM calendar_day") == 0


@pytest.mark.parametrize("body", [b"", b"\xff\xfe\x00\x81", b"x" * 500_001])
async def test_a_file_that_is_none_is_refused(manager: Browser, body: bytes) -> None:
    page = "/catalogue/calendar"
    answer = await manager.post(
        f"{page}/import",
        data={"_csrf_token": await manager.token(page)},
        files={"file": ("2027.csv", body, "text/csv")},
    )
    assert answer.status_code == 422


async def test_unconfirmed_holidays_wait_on_the_desk(manager: Browser) -> None:
    await db.execute(
        "INSERT INTO calendar_day (day, kind, confirmed) VALUES ($1, 'public_holiday', false)",
        clock.today() + timedelta(days=60),
    )
    assert "holidays of the next six months" in (await manager.get("/desk?lang=en")).text


# --- the rest --------------------------------------------------------------------------------------


async def test_the_overview_leads_everywhere(manager: Browser) -> None:
    await a_pattern(await a_product())
    page = (await manager.get("/catalogue?lang=en")).text
    for name in ("products", "prices", "calendar", "slot-patterns", "gates", "capacity"):
        assert f'href="/catalogue/{name}"' in page
    answer = await manager.post_form("/catalogue", action="/catalogue/generate")
    assert answer.headers["location"].endswith("done=generated")


@pytest.mark.charter("BK-2")
async def test_the_capacity_calculator_follows_the_standard(manager: Browser) -> None:
    wish = "area-0=3000&each-0=2&area-1=100&each-1=4&hours=9&stay=3"
    page = (await manager.get(f"/catalogue/capacity?{wish}&lang=en")).text
    assert "1,525" in page
    assert "4,575" in page
    wrong = await manager.get("/catalogue/capacity?area-0=x&each-0=0&hours=25&stay=&lang=en")
    assert wrong.status_code == 422
    assert "whole number" in wrong.text
    assert (await manager.get("/catalogue/capacity")).status_code == 200


@pytest.mark.charter("BK-1", "BK-5")
async def test_what_nobody_could_pay_for_is_not_put_on_sale(
    manager: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(providers, "_providers", {})
    typed = NEW_ROWS["products"] | {
        "payment": "online",
        "attraction": str(await an_attraction()),
    }
    refused = await manager.post_form("/catalogue/products/new?lang=en", typed)
    assert refused.status_code == 422
    assert "No payment service is connected" in refused.text
    assert await db.fetchval("SELECT count(*) FROM product") == 0
    monkeypatch.undo()
    assert (await manager.post_form("/catalogue/products/new", typed)).status_code == 303
    assert await db.fetchval("SELECT payment FROM product WHERE on_sale") == "online"


@pytest.mark.charter("BK-1", "BK-5")
async def test_a_ticket_that_nobody_can_pay_for_any_more_can_be_taken_off_sale(
    manager: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    product = await a_product(payment="online")
    monkeypatch.setattr(providers, "_providers", {})
    page = f"/catalogue/products/{product}"
    assert (await manager.post_form(page, action=page)).status_code == 422
    form = await manager.form(page, action=page)
    del form.fields["on_sale"]
    assert (await manager.post(page, data=form.fields)).status_code == 303
    assert not await db.fetchval("SELECT on_sale FROM product WHERE id = $1", product)
