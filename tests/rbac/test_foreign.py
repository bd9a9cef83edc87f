"""Policies of other Casbin models: what the public examples use is read and said; what would run is refused (PO-7)."""

from pathlib import Path

import casbin
import pytest
from casbin.persist.adapters.string_adapter import StringAdapter
from hypothesis import given, settings
from hypothesis import strategies as st

import rbac.foreign
from rbac.foreign import MAX_MODEL, MAX_POLICY, Foreign, ForeignError, read_foreign
from rbac.foreign_words import (
    PROBLEMS,
    effect_words,
    line_words,
    matcher_words,
    problem_words,
)

pytestmark = pytest.mark.charter("PO-7")

ALLOW = "some(where (p.eft == allow))"
DENY = "!some(where (p.eft == deny))"


def model(
    fields: str = "sub, obj, act",
    matcher: str = "r.sub == p.sub && r.obj == p.obj && r.act == p.act",
    *,
    roles: str = "",
    policy: str = "",
    effect: str = ALLOW,
) -> str:
    """A model in the shape of Casbin's own examples."""
    role_section = f"[role_definition]\n{roles}\n\n" if roles else ""
    return (
        f"[request_definition]\nr = {fields}\n\n[policy_definition]\np = {policy or fields}\n\n"
        f"{role_section}[policy_effect]\ne = {effect}\n\n[matchers]\nm = {matcher}\n"
    )


RBAC = "g(r.sub, p.sub) && r.obj == p.obj && r.act == p.act"

#: Name: model, policy, and requests with what Casbin's own tests expect of them.
EXAMPLES = {
    "basic": (
        model(),
        "p, alice, data1, read\np, bob, data2, write",
        {("alice", "data1", "read"): True, ("alice", "data2", "read"): False},
    ),
    "basic_with_root": (
        model(matcher='r.sub == p.sub && r.obj == p.obj && r.act == p.act || r.sub == "root"'),
        "p, alice, data1, read",
        {("root", "data9", "write"): True, ("bob", "data1", "read"): False},
    ),
    "basic_without_users": (
        model("obj, act", "r.obj == p.obj && r.act == p.act"),
        "p, data1, read",
        {("data1", "read"): True, ("data1", "write"): False},
    ),
    "rbac": (
        model(matcher=RBAC, roles="g = _, _"),
        "p, alice, data1, read\np, data2_admin, data2, read\n\n# roles\ng, alice, data2_admin",
        {("alice", "data2", "read"): True, ("alice", "data2", "write"): False},
    ),
    "rbac_with_domains": (
        model(
            "sub, dom, obj, act",
            "g(r.sub, p.sub, r.dom) && r.dom == p.dom && r.obj == p.obj && r.act == p.act",
            roles="g = _, _, _",
        ),
        "p, admin, domain1, data1, read\np, admin, domain2, data2, read\ng, alice, admin, domain1",
        {("alice", "domain1", "data1", "read"): True, ("alice", "domain2", "data2", "read"): False},
    ),
    "rbac_with_deny": (
        model(
            policy="sub, obj, act, eft", matcher=RBAC, roles="g = _, _", effect=f"{ALLOW} && {DENY}"
        ),
        (
            "p, data2_admin, data2, write, allow\np, alice, data2, write, deny\n"
            "g, alice, data2_admin\ng, bob, data2_admin"
        ),
        {("alice", "data2", "write"): False, ("bob", "data2", "write"): True},
    ),
    "rbac_with_not_deny": (
        model(policy="sub, obj, act, eft", matcher=RBAC, roles="g = _, _", effect=DENY),
        "p, alice, data2, write, deny",
        {("alice", "data2", "write"): False, ("bob", "data9", "fly"): True},
    ),
    "rbac_with_resource_roles": (
        model(
            matcher="g(r.sub, p.sub) && g2(r.obj, p.obj) && r.act == p.act",
            roles="g = _, _\ng2 = _, _",
        ),
        "p, data_group_admin, data_group, write\ng, alice, data_group_admin\ng2, data1, data_group",
        {("alice", "data1", "write"): True, ("alice", "data3", "write"): False},
    ),
    "keymatch": (
        model(matcher="r.sub == p.sub && keyMatch(r.obj, p.obj) && regexMatch(r.act, p.act)"),
        "p, alice, /alice_data/*, GET\np, cathy, /cathy_data, (GET)|(POST)",
        {
            ("alice", "/alice_data/resource2", "GET"): True,
            ("alice", "/alice_data/resource2", "POST"): False,
            ("cathy", "/cathy_data", "POST"): True,
        },
    ),
    "keymatch2": (
        model(matcher="r.sub == p.sub && keyMatch2(r.obj, p.obj) && regexMatch(r.act, p.act)"),
        "p, alice, /alice_data/:resource, GET",
        {("alice", "/alice_data/hello", "GET"): True, ("alice", "/alice_data", "GET"): False},
    ),
    "ipmatch": (
        model(matcher="ipMatch(r.sub, p.sub) && r.obj == p.obj && r.act == p.act"),
        "p, 192.168.2.0/24, data1, read",
        {("192.168.2.7", "data1", "read"): True, ("10.0.0.1", "data1", "read"): False},
    ),
    "priority": (
        model(
            policy="sub, obj, act, eft",
            matcher=RBAC,
            roles="g = _, _",
            effect="priority(p.eft) || deny",
        ),
        "p, alice, data1, read, allow\np, alice, data1, read, deny",
        {("alice", "data1", "read"): True},
    ),
    "in_operator": (
        model(matcher="r.sub == p.sub && r.obj == p.obj && r.act in ('read', 'list')"),
        "p, alice, data1, any",
        {("alice", "data1", "list"): True, ("alice", "data1", "write"): False},
    ),
    "not": (
        model(matcher="r.sub == p.sub && !(r.obj == p.obj) && r.act != 'write'"),
        "p, alice, data1, read",
        {("alice", "data2", "read"): True, ("alice", "data1", "read"): False},
    ),
}


def stock(model_text: str, policy_text: str) -> casbin.Enforcer:
    made = casbin.Model()
    made.load_model_from_text(model_text)
    return casbin.Enforcer(made, StringAdapter(policy_text))


@pytest.mark.parametrize("name", EXAMPLES)
def test_what_was_understood_is_what_casbin_reads(name: str) -> None:
    """The rewritten texts decide like the given ones, and like Casbin's tests say."""
    model_text, policy_text, requests = EXAMPLES[name]
    foreign = read_foreign(model_text, policy_text)
    given, rewritten = (
        stock(model_text, policy_text),
        stock(foreign.model_text, foreign.policy_text),
    )
    for request, allowed in requests.items():
        assert given.enforce(*request) is allowed, request
        assert rewritten.enforce(*request) is allowed, request
    again = read_foreign(foreign.model_text, foreign.policy_text)
    assert (again.matcher, again.model_text) == (foreign.matcher, foreign.model_text)


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_example_is_said_in_both_languages(name: str) -> None:
    foreign = read_foreign(*EXAMPLES[name][:2])
    for lang in ("en", "zh"):
        said = [effect_words(foreign, lang), *matcher_words(foreign, lang)]  # type: ignore[arg-type]
        said += [line_words(foreign, line.tokens, lang) for line in foreign.lines]  # type: ignore[arg-type]
        assert all(said)
        assert not any("%" in words or "r_" in words for words in said)


def reading(name: str) -> tuple[Foreign, list[str]]:
    foreign = read_foreign(*EXAMPLES[name][:2])
    return foreign, [line_words(foreign, line.tokens, "en") for line in foreign.lines]


def test_the_sentences_say_what_the_lines_mean() -> None:
    assert reading("rbac")[1] == [
        "alice may do “read” on data1.",
        "data2_admin may do “read” on data2.",
        "alice has the role “data2_admin”.",
    ]
    assert reading("rbac_with_deny")[1][1] == "alice must not do “write” on data2."
    assert reading("rbac_with_resource_roles")[1][2] == "data1 belongs to “data_group”."
    assert reading("rbac_with_domains")[1][2] == "alice has the role “admin” in “domain1”."
    assert reading("keymatch")[1][0] == "alice may do “GET” on anything that fits “/alice_data/*”."
    assert reading("basic_without_users")[1] == ["Everybody may do “read” on data1."]
    assert matcher_words(reading("rbac")[0], "en")[0] == (
        "the subject is the rule's subject or has it as a role"
    )


def test_what_may_be_asked_is_offered() -> None:
    foreign = reading("rbac_with_domains")[0]
    assert foreign.values("sub") == ["admin", "alice"]
    assert foreign.values("dom") == ["domain1", "domain2"]


DANGEROUS = {
    "matcher-eval": model(
        policy="sub_rule, obj, act", matcher="eval(p.sub_rule) && r.obj == p.obj"
    ),
    "matcher-function": model(matcher="myFunction(r.sub, p.sub)"),
    "matcher-attributes": model(matcher="r.sub == r.obj.Owner"),
    "matcher-part": model(matcher="(lambda: r.sub)() == p.sub || [x for x in r.sub]"),
    "matcher-compares": model(matcher="r.sub < p.sub"),
    "matcher-name": model(matcher="r.sub == __import__"),
    "matcher-text": model(matcher="r.sub == '%s&&'"),
    "matcher-arguments": model(matcher="keyMatch(r.sub)"),
    "matcher-long": model(matcher=" && ".join(["r.sub == p.sub"] * 60)),
    "matcher-unreadable": model(matcher="r.sub == == p.sub"),
    "conditional-roles": model(roles="g = _, _, (_, _)"),
    "bad-roles": model(roles="g = x"),
    "bad-fields": model("sub, sub, act"),
    "unknown-effect": model(effect="some(where (p.eft == maybe))"),
    "several-definitions": model() + "m2 = r.sub == p.sub\n",
    "defined-twice": model() + "m = r.sub == p.sub\n",
    "unknown-section": model() + "[constraints]\nc = x\n",
    "unreadable-line": model() + "what is this\n",
    "section-missing": "[request_definition]\nr = sub, obj, act\n",
    "model-long": model() + "#" * MAX_MODEL,
}


@pytest.mark.parametrize("code", DANGEROUS)
def test_what_would_run_or_is_not_understood_is_refused_with_words(code: str) -> None:
    with pytest.raises(ForeignError) as refused:
        read_foreign(DANGEROUS[code], "p, alice, data1, read")
    assert code in {problem.code for problem in refused.value.problems}
    for problem in refused.value.problems:
        assert problem_words(problem, "en")
        assert problem_words(problem, "zh")


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("p2, alice, data1, read", "unknown-kind"),
        ("g, alice, admin", "unknown-kind"),
        ("p, alice, data1", "field-count"),
        ("p, alice, data1, read, allow", "field-count"),
        ("p, al)ice, data1, read", "open-bracket"),
        ('p, "alice", data1, read', "quotes"),
        ("p, al\u202eice, data1, read", "quotes"),
        (f"p, {'x' * 201}, data1, read", "value-long"),
        ("\n" * 501, "policy-long"),
        ("#" * (MAX_POLICY + 1), "policy-long"),
    ],
)
def test_a_line_that_does_not_fit_is_told(line: str, code: str) -> None:
    with pytest.raises(ForeignError) as refused:
        read_foreign(model(), line)
    assert refused.value.problems[0].code == code


def test_every_problem_has_words_that_are_used() -> None:
    """The control: a code without words would be an error page."""
    source = Path(rbac.foreign.__file__).read_text(encoding="utf-8")
    assert {code for code in PROBLEMS if f'"{code}"' not in source} == set()


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="rp.subobjact_ =!&|()<>'\"gkeyMatch,[]in*+-lambda:x", max_size=120))
def test_no_matcher_gets_through_that_is_not_understood(matcher: str) -> None:
    """Whatever is let through is written anew and read by Casbin without a surprise."""
    try:
        foreign = read_foreign(model(matcher=matcher or "x", roles="g = _, _"), "p, a, b, c")
    except ForeignError:
        return
    said = matcher_words(foreign, "en")
    assert said
    verdict = stock(foreign.model_text, foreign.policy_text).enforce("a", "b", "c")
    assert isinstance(verdict, bool)
