"""The attributes of a record that a condition may speak of: their types, words and known values.

A condition that names anything else is refused when it is written, so a slip of the pen can neither
open nor close a door. A slice that decides on a new attribute declares it here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from rbac.bilingual import Words


class Kind(StrEnum):
    NUMBER = "number"  # whole; money in fen, time in minutes unless the words say otherwise
    TEXT = "text"
    TRUTH = "truth"


@dataclass(frozen=True, slots=True)
class Attribute:
    """``values`` names the texts it may have; when ``open`` there may be others beside them.

    The words of a truth are the sentence that holds, and the one that holds when it is False.
    """

    kind: Kind
    words: Words
    otherwise: Words | None = None
    values: Mapping[str, Words] = field(default_factory=dict)
    open: bool = False
    money: bool = False

    @property
    def choices(self) -> tuple[str, ...]:
        """Every text it can have; empty when there may be others."""
        return () if self.open else tuple(self.values)


def _number(en: str, zh: str, *, money: bool = False) -> Attribute:
    return Attribute(Kind.NUMBER, Words(en, zh), money=money)


def _text(en: str, zh: str, *, more: bool = False, **values: tuple[str, str]) -> Attribute:
    named = {value: Words(*words) for value, words in values.items()}
    return Attribute(Kind.TEXT, Words(en, zh), values=named, open=more)


def _truth(holds: tuple[str, str], otherwise: tuple[str, str]) -> Attribute:
    return Attribute(Kind.TRUTH, Words(*holds), Words(*otherwise))


ATTRIBUTES: Mapping[str, Attribute] = {
    "age_days": _number("the age in days", "已历天数"),
    "amount": _number("the amount", "金额", money=True),
    "category": _text("the category", "类别", more=True),
    "channel": _text(
        "the channel",
        "渠道",
        online=("online", "线上"),
        window=("the ticket window", "售票窗口"),
        agency=("an agency", "旅行社"),
    ),
    "fee": _number("the fee", "手续费", money=True),
    "final": _truth(("it is final", "已定稿"), ("it is not final", "尚未定稿")),
    "impact": _number("the impact", "影响程度"),
    "kind": _text(
        "the kind",
        "类型",
        more=True,
        spending=("spending", "一般支出"),
        emergency=("emergency repair", "应急抢修"),
        system_procurement=("system procurement", "系统采购"),
        weekly=("weekly meeting", "周例会"),
        strategy=("strategy meeting", "战略会议"),
        coordination=("coordination meeting", "协调会议"),
        operations=("operations report", "运营报告"),
        risk=("risk assessment report", "风险评估报告"),
        satisfaction=("visitor satisfaction report", "游客满意度报告"),
        budget=("budget execution report", "预算执行报告"),
    ),
    "level": _text(
        "the level",
        "级别",
        normal=("normal", "普通"),
        important=("important", "重要"),
        urgent=("urgent", "紧急"),
    ),
    "likelihood": _number("the likelihood", "发生可能性"),
    "party_size": _number("the size of the party", "同行人数"),
    "rows": _number("the number of rows", "行数"),
    "score": _number("the score", "评分"),
    "severity": _text(
        "the severity",
        "故障等级",
        P1=("P1", "P1"),
        P2=("P2", "P2"),
        P3=("P3", "P3"),
        P4=("P4", "P4"),
    ),
    "sole": _truth(
        ("nobody else could do it", "没有其他人可以办理"),
        ("somebody else could do it", "另有他人可以办理"),
    ),
    "state": _text(
        "the state",
        "状态",
        more=True,
        filed=("filed", "已提出"),
        mediating=("in mediation", "调解中"),
        settled=("settled", "已和解"),
        escalated=("escalated", "已提交仲裁"),
        arbitrated=("arbitrated", "已仲裁"),
        closed=("closed", "已结案"),
    ),
    "step": _text(
        "the step",
        "会签步骤",
        director=("the director's signature", "总监签字"),
        finance=("the signature of finance", "财务签字"),
        ceo=("the CEO's signature", "CEO 签字"),
        added=("an added signature", "加签"),
    ),
    "step_up": _truth(
        ("the usual decider is the requester", "原审批人即申请人"),
        ("the usual decider is not the requester", "原审批人不是申请人"),
    ),
}
