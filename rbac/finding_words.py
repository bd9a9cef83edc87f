"""What is odd about a line, in words that say what to do about it."""

from collections.abc import Mapping

from rbac.bilingual import Language, Words
from rbac.findings import Code, Finding

#: Short, for a mark beside the line.
LABELS: Mapping[Code, Words] = {
    Code.UNHELD: Words("nobody holds it", "无人担任"),
    Code.NOT_IN_GROUP: Words("nobody in this group", "该组无人担任"),
    Code.IMPOSSIBLE: Words("can never fit", "不可能成立"),
    Code.NO_LINE: Words("nobody reports to them", "没有下属"),
    Code.NEVER_TRUE: Words("can never hold", "条件永不成立"),
    Code.ALWAYS_TRUE: Words("excludes nothing", "条件不起作用"),
    Code.OVER: Words("over", "已到期"),
    Code.EMPTY_ROLE: Words("an empty role", "空角色"),
    Code.SHADOWED: Words("said already", "重复"),
    Code.DENIED: Words("taken back", "被禁止抵消"),
    Code.CONTRADICTORY: Words("contradictory", "相互矛盾"),
    Code.EVERYTHING: Words("everything", "全部放开"),
    Code.TOO_WIDE: Words("very wide", "范围过宽"),
}

_SAID: Mapping[Code, Words] = {
    Code.UNHELD: Words(
        "Nobody holds this role now or later, so the line changes nothing yet.",
        "目前及今后都没有人担任该角色，这一行暂不起作用。",
    ),
    Code.NOT_IN_GROUP: Words(
        "Nobody holds this role in this group, so the line changes nothing yet.",
        "该组没有人担任该角色，这一行暂不起作用。",
    ),
    Code.IMPOSSIBLE: Words(
        "Nobody can be all of this to one record at once: the line can never fit.",
        "没有人能同时符合这些关系，这一行永远不会生效。",
    ),
    Code.NO_LINE: Words(
        "Nobody reports on such a line to any of those whom this reaches: the line changes nothing yet.",
        "这一行涉及的人都没有以此汇报线向其汇报的下属，这一行暂不起作用。",
    ),
    Code.NEVER_TRUE: Words(
        "No record can meet this condition: the line can never fit.",
        "没有任何事项能符合这个条件，这一行永远不会生效。",
    ),
    Code.ALWAYS_TRUE: Words(
        "Every record meets this condition: it excludes nothing.",
        "任何事项都符合这个条件，条件不起作用。",
    ),
    Code.OVER: Words("Its time is over: the line can be taken out.", "期限已过，可以删除这一行。"),
    Code.EMPTY_ROLE: Words(
        "No rule gives this role anything: holding it changes nothing yet.",
        "没有规则赋予该角色任何权限，拥有它暂不起作用。",
    ),
    Code.SHADOWED: Words(
        "Another line says this already, or more: this one can be taken out.",
        "另一行已经包含这一行的全部内容，可以删除这一行。",
    ),
    Code.DENIED: Words(
        "Another line forbids all that this one allows: it never takes effect.",
        "另一行禁止了这一行允许的全部内容，这一行不会生效。",
    ),
    Code.CONTRADICTORY: Words(
        "The very same is allowed here and forbidden by another line; forbidding wins.",
        "同一内容在这里允许、又被另一行禁止，以禁止为准。",
    ),
    Code.EVERYTHING: Words(
        "This allows everything, also what is added later ({reached}).",
        "这一行放开了全部操作，今后新增的也包括在内（{reached}）。",
    ),
    Code.TOO_WIDE: Words(
        "This reveals, decides or changes something sensitive, for many and without a condition ({reached}).",
        "这一行无条件地让很多人办理敏感事项（{reached}）。",
    ),
}
_PERSON = Words("reaches 1 person", "涉及 1 人")
_PEOPLE = Words("reaches {number} people", "涉及 {number} 人")


def label_words(code: Code, lang: Language) -> str:
    return LABELS[code].say(lang)


def finding_words(finding: Finding, lang: Language) -> str:
    """Say what is odd; the line that it is held against stands in the finding."""
    people = _PERSON if finding.reached == 1 else _PEOPLE
    return (
        _SAID[finding.code]
        .say(lang)
        .format(reached=people.say(lang).format(number=finding.reached))
    )
