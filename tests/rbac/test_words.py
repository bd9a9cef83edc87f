"""A policy in sentences."""

import re

import pytest

from rbac.attributes import ATTRIBUTES
from rbac.bilingual import Language
from rbac.condition_words import condition_words
from rbac.lines import is_role
from rbac.policy import Policy, shipped_policy
from rbac.relations import Term
from rbac.roles import GROUPS, ROLES
from rbac.words import relation_words, sentence
from tests.rbac import generated

SENTENCES = [
    ("p, role:manager, operations, catalogue, edit, any, , allow",
     "A manager in the operations group may edit ticket products, categories and prices.",
     "运维组的经理可以编辑票种、人群类别与价格。"),
    ("p, role:manager, *, approval, decide, own_group & !requester, amount < 10000000, allow",
     ("A manager may approve, reject or return a spending request, if it belongs to the very group they hold "
      "this for, they did not ask for it, and the amount is less than ¥100,000.00."),
     "经理可以批准、驳回或退回支出申请，前提是事项属于其任该职的小组，其不是申请人，且金额低于 100,000.00 元。"),
    ("p, role:staff, *, approval, decide, requester, , deny",
     "Nobody with an account may approve, reject or return a spending request, if they asked for it.",
     "所有账号持有人不得批准、驳回或退回支出申请，如果其为申请人。"),
    ("p, role:manager, *, approval, decide, any, amount >= 100, deny",
     "A manager must not approve, reject or return a spending request, if the amount is at least ¥1.00.",
     "经理不得批准、驳回或退回支出申请，如果金额不低于 1.00 元。"),
    ("p, visitor, *, booking, create, any, , allow", "A visitor may book tickets.", "游客可以预订门票。"),
    ("p, visitor, *, order, list, any, , deny",
     "No visitor may list and search orders.", "游客不得列出并搜索订单。"),
    ("p, ops1, *, slot, edit, any, , allow",
     "Su Xiaoshan may edit slot patterns, exceptions and capacities.", "Su Xiaoshan 可以编辑时段规则、例外与容量。"),
    ("p, role:ceo, *, approval, *, any, , allow",
     "The CEO may do everything on “approval”.", "CEO 可以办理“approval”的一切事项。"),
    ("p, role:ceo, *, *, read, any, , allow",
     "The CEO may do “read” on everything.", "CEO 可以对一切事项执行“read”。"),
    ("p, role:ceo, *, *, *, any, , deny",
     "The CEO must not do anything.", "CEO 不得办理任何事项。"),
    ("p, role:guide, night, ticket, read, any, , allow",
     "“guide” in the group “night” may see the tickets of an order.", "“night”组的“guide”可以查看订单的门票。"),
    ("g, role:director, role:manager, *",
     "The director may do whatever a manager may.", "经理可以办理的，总监也可以办理。"),
    ("g, ops1, role:specialist, operations",
     "Su Xiaoshan may do what a specialist may in the operations group.",
     "Su Xiaoshan 在运维组拥有专员的权限。"),
    ("g, visitor, role:public, *", "A visitor may do what everybody may.", "游客拥有任何人的权限。"),
    ("g, ops1, role:manager, operations, 2026-03-02T08:00:00+08:00, 2026-03-09T08:00:30+08:00, manager.systems",
     ("Su Xiaoshan may do what a manager may in the operations group from 2026-03-02 08:00 (+08:00) until "
      "2026-03-09 08:00:30 (+08:00), standing in for manager.systems."),
     ("Su Xiaoshan 自 2026-03-02 08:00 (+08:00) 起至 "
      "2026-03-09 08:00:30 (+08:00) 止在运维组拥有经理的权限，代理 manager.systems。")),
    ("g2, ops1, manager.systems", "Su Xiaoshan reports to manager.systems on a solid line.",
     "Su Xiaoshan 以实线向 manager.systems 汇报。"),
    ("g3, ops1, director, 2026-03-02T08:00:00+08:00",
     "Su Xiaoshan reports to director on a dual line from 2026-03-02 08:00 (+08:00).",
     "Su Xiaoshan 自 2026-03-02 08:00 (+08:00) 起以双线向 director 汇报。"),
    ("g3, ops1, director, , 2026-03-02T08:00:00+08:00",
     "Su Xiaoshan reports to director on a dual line until 2026-03-02 08:00 (+08:00).",
     "Su Xiaoshan 至 2026-03-02 08:00 (+08:00) 止以双线向 director 汇报。"),
]  # fmt: skip
NAMES = {"ops1": "Su Xiaoshan"}


@pytest.mark.charter("PO-2")
@pytest.mark.parametrize(("line", "en", "zh"), SENTENCES)
def test_a_line_reads_as_a_sentence(line: str, en: str, zh: str) -> None:
    policy = Policy.parse(line)
    (only,) = (*policy.rules, *policy.inclusions, *policy.grants, *policy.reports)
    assert sentence(only, "en", NAMES) == en
    assert sentence(only, "zh", NAMES) == zh


def test_a_permission_of_another_system_reads_as_its_name() -> None:
    policy = Policy.parse("p, ann, *, data, open, any, , allow", known=["data:open"])
    assert sentence(policy.rules[0], "en") == "ann may “data:open”."
    assert sentence(policy.rules[0], "zh") == "ann 可以“data:open”。"


CONDITIONS = [
    ("amount >= 10000000 and amount <= 50000000",
     "the amount is at least ¥100,000.00 and at most ¥500,000.00",
     "金额不低于 100,000.00 元且不超过 500,000.00 元"),
    ("kind in ('spending', 'emergency') and amount > 5",
     "the kind is spending or emergency repair, and the amount is more than ¥0.05",
     "类型为一般支出或应急抢修，且金额高于 0.05 元"),
    ("not (final and step_up)",
     "it is not final, or the usual decider is not the requester",
     "尚未定稿，或原审批人不是申请人"),
    ("severity == 'P1' or not final and rows > 1000",
     "the severity is P1, or (it is not final, and the number of rows is more than 1,000)",
     "故障等级为 P1，或（尚未定稿，且行数高于 1,000）"),
    ("not (amount < 3 or kind == 'x')",
     "the amount is at least ¥0.03, and the kind is not “x”", "金额不低于 0.03 元，且类型不为“x”"),
    ("likelihood * impact > 12", "the likelihood times the impact is more than 12",
     "发生可能性乘以影响程度高于 12"),
    ("score - 5 == -impact", "the score minus 5 is minus the impact", "评分减 5 为负影响程度"),
    ("(amount - fee) * 2 > 300", "(the amount minus the fee) times 2 is more than ¥3.00",
     "（金额减手续费）乘以 2 高于 3.00 元"),
    ("amount / age_days > 100", "the amount divided by the age in days is more than ¥1.00",
     "金额除以已历天数高于 1.00 元"),
    ("amount / fee > 2 and 2 * amount > 300",
     "the amount divided by the fee is more than 2, and 2 times the amount is more than ¥3.00",
     "金额除以手续费高于 2，且 2 乘以金额高于 3.00 元"),
    ("amount + 100 > fee and -amount < -5",
     "the amount plus ¥1.00 is more than the fee, and minus the amount is less than minus ¥0.05",
     "金额加 1.00 元高于手续费，且负金额低于负 0.05 元"),
    ("kind not in ('spending', 'a') and kind != 'c'",
     "the kind is neither spending nor “a” and not “c”", "类型不属于一般支出、“a”且不为“c”"),
    ("not kind in ('a',) and kind in ('b',)",
     "the kind is not “a”, and the kind is “b”", "类型不为“a”，且类型为“b”"),
    ("kind != 'a' and kind == 'b' and not rows < 3 ",
     "the kind is not “a” and is “b”, and the number of rows is at least 3",
     "类型不为“a”且为“b”，且行数不低于 3"),
    ("not (rows != 3 or rows < 1)", "the number of rows is 3 and at least 1", "行数为 3 且不低于 1"),
    ("amount in (100, 200)", "the amount is ¥1.00 or ¥2.00", "金额为 1.00 元或 2.00 元"),
    ("'spending' == kind and 3 < score", "the kind is spending, and the score is more than 3",
     "类型为一般支出，且评分高于 3"),
    ("1 in (1, 2) or score % 2 == 1 or score // 2 == 1",
     "1 is 1 or 2, or the score modulo 2 is 1, or the score divided by (whole) 2 is 1",
     "1 为 1 或 2，或评分取余 2 为 1，或评分整除以 2 为 1"),
    ("True or not False or False", "this is always so, or this is always so, or this is never so",
     "恒成立，或恒成立，或恒不成立"),
    ("", "", ""),
]  # fmt: skip


@pytest.mark.charter("PO-2")
@pytest.mark.parametrize(("text", "en", "zh"), CONDITIONS)
def test_a_condition_reads_as_words(text: str, en: str, zh: str) -> None:
    assert condition_words(text, "en") == en
    assert condition_words(text, "zh") == zh


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_shipped_line_has_a_sentence_of_its_own(lang: Language) -> None:
    policy = shipped_policy(demo=True)
    lines = (*policy.rules, *policy.inclusions, *policy.grants, *policy.reports)
    said = [sentence(line, lang) for line in lines]
    assert len(set(said)) == len(said)
    for words in said:
        assert "role:" not in words
        assert "None" not in words
        assert words.endswith("." if lang == "en" else "。")
        assert not re.search(r"  | [,.，。]", words)


@pytest.mark.parametrize("seed", range(6))
def test_every_line_of_any_policy_can_be_said(seed: int) -> None:
    policy = generated.a_policy(seed)
    for line in (*policy.rules, *policy.inclusions, *policy.grants, *policy.reports):
        assert sentence(line, "en")
        assert not sentence(line, "zh").isascii()


def test_every_relation_has_words_both_ways() -> None:
    assert relation_words("any", "en") == []
    said = {
        words
        for lang in ("en", "zh")
        for term in Term
        for text in (term.value, f"!{term.value}")
        for words in relation_words(text, lang)
    }
    assert len(said) == 4 * len(Term)


def test_roles_and_groups_of_the_shipped_policy_have_words() -> None:
    policy = shipped_policy(demo=True)
    roles = {grant.role for grant in policy.grants} | {
        name for rule in policy.rules for name in [rule.subject] if is_role(name)
    }
    assert roles <= set(ROLES)
    assert {grant.group for grant in policy.grants} - {"*"} == set(GROUPS)


def test_values_have_words_in_both_languages() -> None:
    for attribute in ATTRIBUTES.values():
        for words in attribute.values.values():
            assert words.en
            assert words.zh
