"""What is wrong with a policy's line, in words that say how to mend it."""

from collections.abc import Mapping

from rbac.bilingual import Language, Words
from rbac.conditions import MAX_DEPTH, MAX_LENGTH, MAX_NODES
from rbac.reading import Problem
from rbac.structure import MAX_STEPS

WORDS: Mapping[str, Words] = {
    # the line
    "unknown-line": Words("a line begins with p, g, g2 or g3", "每行应以 p、g、g2 或 g3 开头"),
    "field-count": Words("the line needs {detail} fields", "该行应有 {detail} 个字段"),
    "open-bracket": Words("a bracket is not closed, or closed twice", "括号没有成对"),
    "repeated": Words("the line stands there twice", "该行重复"),
    "bad-name": Words(
        "a name has letters, digits and _ . - only", "名称只能包含文字、数字和 _ . -"
    ),
    "unknown-permission": Words("there is no permission “{detail}”", "不存在权限“{detail}”"),
    "unknown-effect": Words("the effect is allow or deny", "效果应为 allow 或 deny"),
    "person-in-group": Words(
        "a rule for one person holds in every group: write *",
        "针对个人的规则适用于所有小组，请写 *",
    ),
    "role-in-group": Words(
        "a role includes another in every group: write *", "角色包含关系适用于所有小组，请写 *"
    ),
    "role-for-a-time": Words(
        "a role includes another for good: leave the dates out", "角色包含关系没有期限，请去掉日期"
    ),
    "bad-instant": Words(
        "an instant is written like 2026-03-02T08:00:00+08:00",
        "时间应写作 2026-03-02T08:00:00+08:00",
    ),
    "ends-before-it-begins": Words("it ends before it begins", "结束时间不晚于开始时间"),
    "circle": Words("it runs in a circle: {detail}", "出现循环：{detail}"),
    "too-many-steps": Words(
        f"more than {MAX_STEPS} steps: {{detail}}", f"层级超过 {MAX_STEPS} 级：{{detail}}"
    ),
    # the relation
    "unknown-relation": Words("there is no such relation", "没有这种关系"),
    "contradiction": Words("nobody can be this and not this", "同一关系不能既是又不是"),
    # the condition
    "syntax": Words("this cannot be read", "无法识别"),
    "too-long": Words(
        f"a condition has at most {MAX_LENGTH} characters", f"条件最多 {MAX_LENGTH} 个字符"
    ),
    "too-deep": Words(
        f"a condition is nested at most {MAX_DEPTH} deep", f"条件最多嵌套 {MAX_DEPTH} 层"
    ),
    "too-many-parts": Words(
        f"a condition has at most {MAX_NODES} parts", f"条件最多由 {MAX_NODES} 个部分组成"
    ),
    "not-allowed": Words(
        "a condition cannot use this ({detail})", "条件中不能使用此写法（{detail}）"
    ),
    "not-a-question": Words(
        "a condition must hold or not: compare the number or text with something",
        "条件应能判断是否成立：请将数值或文字与其他内容比较",
    ),
    "unknown-attribute": Words(
        "no record has the attribute “{detail}”", "没有名为“{detail}”的属性"
    ),
    "not-a-number": Words("a number should stand here", "此处应为数值"),
    "not-a-text": Words("a text in quotes should stand here", "此处应为带引号的文字"),
    "not-a-truth": Words(
        "something that holds or not should stand here", "此处应为可判断是否成立的内容"
    ),
    "truth-compared": Words(
        "say it, or “not” it, without a comparison", "请直接书写，或在前面加 not，不要比较"
    ),
    "one-comparison": Words(
        "compare two things at a time, joined by “and”", "一次只能比较两项，请用 and 连接"
    ),
    "not-a-list": Words(
        "after “in” comes a list: ('spending', 'emergency')",
        "in 之后应为列表，如 ('spending', 'emergency')",
    ),
    "not-a-literal": Words("a list holds plain values only", "列表中只能是具体的值"),
    "number-too-large": Words("the number is too large", "数值过大"),
    "text-not-plain": Words(
        "a text has letters, digits, spaces and . : - only", "文字只能包含字母、数字、空格和 . : -"
    ),
    "unknown-value": Words("it can only be one of: {detail}", "只能是以下之一：{detail}"),
}


def problem_words(problem: Problem, lang: Language) -> str:
    """Say what is wrong; the place is for who shows it."""
    return WORDS[problem.code].say(lang).format(detail=problem.detail)
