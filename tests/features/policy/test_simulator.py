"""The simulator: what it says is what the policy decides, its address holds the question (PO-3)."""

import re
from dataclasses import replace
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from portal.core import db
from portal.core.context import Act, set_act
from portal.features.policy import drafts, simulator
from portal.features.policy.chosen import Chosen
from portal.features.policy.question import MESSAGES, facts, read_question
from portal.web.forms import Form
from portal.web.permission import policy
from rbac.compiled import CompiledPolicy
from rbac.facts import NOTHING_KNOWN, Facts
from rbac.lines import written
from rbac.permissions import BY_NAME, Permission
from tests.browser import Browser, SignIn
from tests.factories.booking import an_order
from tests.factories.people import an_account
from tests.rbac.generated import Request, a_policy, requests

pytestmark = pytest.mark.charter("PO-3")

DECIDE = (
    "who=manager.procurement&what=approval:decide&requester=proc1&owner=proc1&group=procurement"
)


@pytest.fixture
async def secadmin(signed_in_as: SignIn) -> Browser:
    for username in ("manager.procurement", "proc1"):
        await an_account(username, name=username.title())
    return await signed_in_as("secadmin")


async def test_an_allowed_case_shows_the_rule_and_what_leads_to_it(secadmin: Browser) -> None:
    answer = await secadmin.get(
        f"/policy/simulate?{DECIDE}&a-amount=99999.99&a-kind=spending&lang=en"
    )
    assert answer.status_code == 200
    assert 'class="verdict yes"' in answer.text
    assert "A manager may approve, reject or return a spending request" in answer.text
    assert "g, manager.procurement, role:manager, procurement" in answer.text
    assert "line " in answer.text
    assert 'href="/policy/who?what=approval%3Adecide' in answer.text


async def test_a_refused_case_says_what_was_lacking(secadmin: Browser) -> None:
    answer = await secadmin.get(
        f"/policy/simulate?{DECIDE}&a-amount=100000&a-kind=spending&lang=en"
    )
    assert 'class="verdict no"' in answer.text
    lacking = re.findall(r'<ul class="lacking"><li>(.*?)</li>', answer.text)
    assert any("it does not hold that" in words for words in lacking)


async def test_an_amount_on_the_edge_is_read_to_the_fen(secadmin: Browser) -> None:
    for amount, allowed in (("99,999.99", True), ("100000.00", False)):
        answer = await secadmin.get(
            "/policy/simulate?"
            + urlencode({**dict(parse_qsl(DECIDE)), "a-amount": amount, "a-kind": "spending"})
        )
        assert ('class="verdict yes"' in answer.text) is allowed, amount


async def test_what_is_typed_is_looked_up_and_never_stands_in_the_address(
    secadmin: Browser,
) -> None:
    asked = {"who": "Proc1", "what": "approve, reject or return a spending", "requester": ".self"}
    answer = await secadmin.post_form("/policy/simulate?lang=en", asked, action="/policy/simulate")
    assert answer.status_code == 303
    query = dict(parse_qsl(urlsplit(answer.headers["location"]).query))
    assert query == {"who": "proc1", "what": "approval:decide", "requester": ".self"}


async def test_several_people_are_offered_to_choose_from(secadmin: Browser) -> None:
    await an_account("proc2", name="Proc Other")
    answer = await secadmin.post_form(
        "/policy/simulate?lang=en", {"who": "Proc", "what": "order:list"}, action="/policy/simulate"
    )
    assert answer.status_code == 422
    assert "Several people fit" in answer.text
    assert 'href="/policy/simulate?who=proc2&amp;what=order%3Alist"' in answer.text
    assert 'value="Proc"' in answer.text  # what was typed is kept


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        ("who=nobody.at.all&what=order:list", "who"),
        ("who=proc1&what=fly:high", "what"),
        ("who=proc1&what=order:list&a-amount=lots", "a-amount"),
        ("who=proc1&what=order:list&a-final=perhaps", "a-final"),
        ("who=proc1&what=order:list&a-severity=P9", "a-severity"),
        ("who=proc1&what=order:list&a-age_days=99999999999999999999", "a-age_days"),
        ("who=proc1&what=order:list&at=soon", "at"),
        ("who=proc1&what=order:list&at=0001-01-01T00:00", "at"),
        ("who=proc1&what=order:list&policy=v99", "policy"),
        ("who=proc1&what=order:list&policy=v99999999999", "policy"),
        ("who=proc1&what=order:list&policy=x", "policy"),
        ("who=proc1&what=order:list&on=order:NOTACODE", "on"),
        ("who=proc1&what=order:list&on=cloud:9", "on"),
        ("who=proc1&what=order:list&group=%27%3B--", "group"),
        ("who=proc1&what=order:list&owner=nobody.at.all", "owner"),
        ("who=proc1&what=order:list&parties=" + ",".join(f"p{n}" for n in range(30)), "parties"),
    ],
)
async def test_a_bad_question_is_told_beside_its_field(
    secadmin: Browser, bad: str, field: str
) -> None:
    answer = await secadmin.get(f"/policy/simulate?{bad}")
    assert answer.status_code == 422
    assert f'id="error-{field}"' in answer.text
    assert 'class="verdict' not in answer.text


async def test_a_real_order_brings_its_facts(secadmin: Browser) -> None:
    code = (await an_order()).code
    asked = f"/policy/simulate?who=window1&what=booking:cancel&on=order:{code}&lang=en"
    await an_account("window1", name="Window")
    answer = await secadmin.get(asked)
    assert answer.status_code == 200
    assert "<span>the channel <strong>online</strong></span>" in answer.text
    assert "<span>Owner <strong>nobody</strong></span>" in answer.text
    listed = await secadmin.get("/policy/simulate?who=window1&what=booking:cancel")
    assert f"(order:{code})" in listed.text, "orders of these days are offered"


async def test_a_deputy_may_only_while_the_role_lasts(secadmin: Browser) -> None:
    lines = "g, proc1, role:auditadmin, *, 2026-03-01T00:00:00+08:00, 2026-04-01T00:00:00+08:00, auditadmin"
    snapshot = policy.snapshot
    assert snapshot is not None
    text = snapshot.compiled.policy.text + lines + "\n"
    await db.execute(
        "INSERT INTO policy_version (version, lines, reason, released_by, released_at) "
        "VALUES (2, $1, 'x', 'x', now())",
        text,
    )
    asked = "/policy/simulate?who=proc1&what=audit_trail:read&policy=v2"
    for at, allowed in (("2026-03-10T08:00", True), ("2026-05-01T08:00", False)):
        answer = await secadmin.get(f"{asked}&at={at}")
        assert ('class="verdict yes"' in answer.text) is allowed
        assert ('class="changes"' in answer.text) is allowed, "the version in force differs"


async def test_a_newcomer_is_judged_as_one(secadmin: Browser) -> None:
    await an_account("fresh", name="Fresh")
    for what, allowed in (("desk:read", True), ("order:list", False)):
        answer = await secadmin.get(f"/policy/simulate?who=fresh&what={what}")
        assert ('class="verdict yes"' in answer.text) is allowed


async def test_who_may_names_everybody_with_the_reason(secadmin: Browser) -> None:
    answer = await secadmin.get("/policy/who?what=contract:open&lang=en")
    assert answer.status_code == 200
    assert "1 could do this on some record" in answer.text
    assert 'href="/policy/simulate?who=director&amp;what=contract%3Aopen"' in answer.text
    assert "g, director, role:director, *" in answer.text
    on_one = await secadmin.get(
        "/policy/who?what=approval:decide&requester=proc1&owner=proc1&group=procurement"
        "&a-amount=50000&a-kind=spending&lang=en"
    )
    assert "1 may do this on the record" in on_one.text
    assert "manager.procurement" in on_one.text


async def test_the_duties_of_a_person_are_those_the_policy_gives(secadmin: Browser) -> None:
    answer = await secadmin.get("/policy/who?of=1&who=proc1&lang=en")
    assert answer.status_code == 200
    told = set(re.findall(r"who=proc1&amp;what=(\w+)%3A(\w+)", answer.text))
    snapshot = policy.snapshot
    assert snapshot is not None
    expected = {
        (each.resource, each.action)
        for each in Permission
        if snapshot.compiled.may_ever("proc1", each)
    }
    assert told == expected


async def test_the_menu_of_somebody_is_looked_at_without_becoming_them(secadmin: Browser) -> None:
    proc1 = await secadmin.get("/policy/menu?who=proc1&lang=en")
    assert proc1.status_code == 200
    assert "<strong>Catalogue and slots</strong>" in proc1.text
    assert "<strong>Ticket window</strong>" not in proc1.text
    assert "/audit/export" not in proc1.text
    entry = await db.fetchrow(
        "SELECT subject, act, object_id FROM audit_entry ORDER BY at DESC, seq DESC LIMIT 1"
    )
    assert tuple(entry) == ("secadmin", "policy:simulate", "proc1")
    assert (await secadmin.get("/bookings")).status_code == 403  # still oneself
    posted = await secadmin.post_form(
        "/policy/menu", {"who": "nobody.at.all"}, action="/policy/menu"
    )
    assert posted.status_code == 422


async def test_the_menu_shown_is_the_menu_that_person_gets(
    secadmin: Browser, signed_in_as: SignIn
) -> None:
    own = await (await signed_in_as("proc1")).get("/desk?lang=en")
    entries = re.findall(r'<nav id="menu".*?</nav>', own.text, re.DOTALL)[0]
    labels = set(re.findall(r'<li><a href="[^"]*">([^<]*)</a>', entries)) - {"Desk", "Help"}
    seen = await secadmin.get("/policy/menu?who=proc1&lang=en")
    mirror = seen.text[seen.text.index('class="mirror"') :]
    assert labels == set(re.findall(r"<li><strong>([^<]*)</strong>", mirror))


async def test_permissions_are_listed_by_area_to_be_picked(secadmin: Browser) -> None:
    answer = await secadmin.get("/policy/simulate/permissions?who=proc1&lang=en")
    assert answer.status_code == 200
    links = re.findall(r'href="/policy/simulate\?who=proc1&amp;what=([\w%]+)"', answer.text)
    assert len(links) == len(BY_NAME)


# --- the property: the simulator says what the policy decides

#: What no form can say: an amount below nothing, a text where a number belongs.
_SAYABLE = {
    "amount": lambda value: type(value) is int and value >= 0,
    "kind": lambda value: type(value) is str,
    "final": lambda value: type(value) is bool,
}


def _typed(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name == "amount" and isinstance(value, int):
        return f"{value // 100}.{value % 100:02d}"
    return str(value)


def _as_typed(request: Request) -> tuple[dict[str, str], Facts]:
    """The request as somebody types it, and what of its record can be said at all."""
    known = request.facts
    said = {
        name: value
        for name, value in known.attributes.items()
        if _SAYABLE.get(name, lambda _value: True)(value)
    }
    raw = {"who": request.subject, "what": request.permission}
    for name in ("owner", "requester", "group"):
        if (told := getattr(known, name)) is not None:
            raw[name] = told or ".nobody"
    if known.parties is not None:
        raw["parties"] = "、".join(sorted(known.parties)) or ".nobody"
    raw |= {f"a-{name}": _typed(name, value) for name, value in said.items()}
    return raw, replace(known, attributes=said)


@pytest.mark.parametrize("seed", range(4))
async def test_the_verdict_is_that_of_the_policy(database: None, seed: int) -> None:
    """Through the form's text and back: what is asked in words is decided like what is asked in code."""
    by = Chosen("v2", 2, CompiledPolicy(a_policy(seed)))
    verdicts = set()
    for request in requests(seed, 200):
        raw, known = _as_typed(request)
        form = Form(raw, MESSAGES)
        read = facts(form, read_question(form), NOTHING_KNOWN)
        assert not form.errors, (raw, form.errors)
        said = await simulator.answer(by, request.subject, request.permission, read, request.at)
        knows = request.subject == "visitor" or by.compiled.knows(request.subject, request.at)
        subject = request.subject if knows else "newcomer"
        truth = by.compiled.decide(subject, request.permission, known, request.at)
        assert said.allowed is truth.allowed, raw
        assert (said.rule.line if said.rule else None) == (
            written(truth.rule.tokens) if truth.rule else None
        )
        assert said.allowed or said.misses or not list(by.compiled.rules_on(request.permission))
        verdicts.add((said.allowed, said.rule is None))
    assert len(verdicts) >= 2, "some are allowed and some are not"


async def test_a_real_draft_is_a_record(secadmin: Browser) -> None:
    set_act(Act("secadmin", 1))
    number = await drafts.start("Let the gate list orders")
    await an_account("ceo")
    asked = ""
    for who, allowed in (("secadmin", False), ("ceo", True)):
        asked = f"/policy/simulate?who={who}&what=policy:release&on=draft:{number}&lang=en"
        answer = await secadmin.get(asked)
        assert ('class="verdict yes"' in answer.text) is allowed, who
    found = await secadmin.post_form(f"{asked}", {"on": "Let the gate"}, action="/policy/simulate")
    assert f"on=draft%3A{number}" in found.headers["location"]
    assert (
        await secadmin.get("/policy/simulate?what=policy:release&on=draft:999")
    ).status_code == 422
