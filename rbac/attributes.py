"""The attributes of a record that a condition may speak of: their types, words and known values.

A condition that names anything else is refused when it is written, so a slip of the pen can neither
open nor close a door. A slice that decides on a new attribute declares it here.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    NUMBER = "number"  # whole; money in fen, time in minutes unless the words say otherwise
    TEXT = "text"
    TRUTH = "truth"


class Attribute(NamedTuple):
    """``choices`` lists every value a text may have; empty when it may have any."""

    kind: Kind
    en: str
    zh: str
    choices: tuple[str, ...] = ()
    money: bool = False


_N, _S, _B = Kind.NUMBER, Kind.TEXT, Kind.TRUTH

ATTRIBUTES: Mapping[str, Attribute] = {
    "age_days": Attribute(_N, "the age in days", "已历天数"),
    "amount": Attribute(_N, "the amount", "金额", money=True),
    "category": Attribute(_S, "the category", "类别"),
    "channel": Attribute(_S, "the channel", "渠道", ("online", "window", "agency")),
    "fee": Attribute(_N, "the fee", "手续费", money=True),
    "final": Attribute(_B, "it is final", "已定稿"),
    "impact": Attribute(_N, "the impact", "影响程度"),
    "kind": Attribute(_S, "the kind", "类型"),
    "level": Attribute(_S, "the level", "级别", ("normal", "important", "urgent")),
    "likelihood": Attribute(_N, "the likelihood", "发生可能性"),
    "own_group": Attribute(_B, "it concerns the group itself", "涉及本组"),
    "party_size": Attribute(_N, "the size of the party", "同行人数"),
    "rows": Attribute(_N, "the number of rows", "行数"),
    "score": Attribute(_N, "the score", "评分"),
    "severity": Attribute(_S, "the severity", "故障等级", ("P1", "P2", "P3", "P4")),
    "state": Attribute(_S, "the state", "状态"),
    "step": Attribute(_S, "the step", "会签步骤", ("director", "finance", "ceo", "added")),
    "step_up": Attribute(_B, "the usual decider is the requester", "原审批人即申请人"),
}
