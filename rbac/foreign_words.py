"""A foreign Casbin policy in words: what each part of its model comes to, and each line as a sentence."""

import ast
from collections.abc import Mapping

from rbac.bilingual import Language, Words
from rbac.condition_words import spaced
from rbac.foreign import PATTERNS, Foreign, Problem
from rbac.lines import Tokens

_EFFECTS: Mapping[str, Words] = {
    "allow": Words(
        "Allowed as soon as one rule fits; otherwise refused.",
        "只要有一条规则符合即允许，否则拒绝。",
    ),
    "not-deny": Words(
        "Allowed unless a rule that forbids fits.", "除非有禁止规则符合，否则一律允许。"
    ),
    "allow-and-not-deny": Words(
        "Allowed when a rule that allows fits and none that forbids.",
        "有允许规则符合且没有禁止规则符合时才允许。",
    ),
    "priority": Words(
        "The first rule that fits decides; without one, refused.",
        "以最先符合的规则为准，没有则拒绝。",
    ),
    "subject-priority": Words(
        "The rule nearest to the subject decides; without one, refused.",
        "以离主体最近的规则为准，没有则拒绝。",
    ),
}
_FIELDS: Mapping[str, Words] = {
    "sub": Words("the subject", "主体"),
    "obj": Words("the object", "对象"),
    "act": Words("the action", "操作"),
    "dom": Words("the domain", "域"),
    "eft": Words("the effect", "效果"),
    "priority": Words("the priority", "优先级"),
}
_PATTERNS: Mapping[str, Words] = {
    "keyMatch": Words(
        "%s fits %s as a path pattern (* is any rest)", "%s按路径模式符合%s（* 表示任意后缀）"
    ),
    "keyMatch2": Words(
        "%s fits %s as a path pattern (:name is one part)", "%s按路径模式符合%s（:name 表示一段）"
    ),
    "keyMatch3": Words(
        "%s fits %s as a path pattern ({name} is one part)", "%s按路径模式符合%s（{name} 表示一段）"
    ),
    "keyMatch4": Words(
        "%s fits %s as a path pattern (the same {name} is the same part)",
        "%s按路径模式符合%s（相同的 {name} 表示相同的一段）",
    ),
    "keyMatch5": Words(
        "%s fits %s as a path pattern, its query left out", "%s去掉查询部分后按路径模式符合%s"
    ),
    "regexMatch": Words("%s fits %s as a regular expression", "%s按正则表达式符合%s"),
    "ipMatch": Words("%s lies in the network of %s", "%s属于%s的网段"),
    "globMatch": Words("%s fits %s as a file pattern", "%s按文件模式符合%s"),
}
_RULES_OWN = Words("the rule's %s", "规则的%s")
_IS = Words("%s is %s", "%s是%s")
_IS_NOT = Words("%s is not %s", "%s不是%s")
_ROLE = Words("%s is %s or has it as a role", "%s是%s，或拥有该角色")
_ROLE_IN = Words("%s is %s or has it as a role in %s", "%s是%s，或在%s中拥有该角色")
_BELONGS = Words("%s is %s or belongs to it", "%s是%s，或属于该组")
_BELONGS_IN = Words("%s is %s or belongs to it in %s", "%s是%s，或在%s中属于该组")
_NOT = Words("it is not so that %s", "并非%s")
_AND = Words(", and ", "，且")
_OR = Words(", or ", "，或")
_ALWAYS = {True: Words("this is always so", "恒成立"), False: Words("this is never so", "恒不成立")}
_EVERYBODY = Words("Everybody", "任何人")
_MAY = Words("%s may do “%s” on %s%s.", "%s可以对%s执行“%s”%s。")
_MUST_NOT = Words("%s must not do “%s” on %s%s.", "%s不得对%s执行“%s”%s。")
_ANYTHING = Words("anything", "任何对象")
_SOMETHING = Words("anything that fits “%s”", "符合“%s”的对象")
_SOMEBODY = Words("Whoever fits “%s”", "符合“%s”者")
_WHERE = Words(", where %s", "，其中%s")
_FIELD_IS = Words("%s is “%s”", "%s为“%s”")
_LINK_ROLE = Words("%s has the role “%s”%s.", "%s拥有角色“%s”%s。")
_LINK_GROUP = Words("%s belongs to “%s”%s.", "%s属于“%s”%s。")
_IN = Words(" in “%s”", "（在“%s”中）")
_USUAL = ("sub", "obj", "act", "eft")

PROBLEMS: Mapping[str, Words] = {
    "model-long": Words("the model is longer than {detail} characters", "模型超过 {detail} 个字符"),
    "policy-long": Words(
        "the policy is longer than {detail} lines or 18,000 characters",
        "策略超过 {detail} 行或 18,000 个字符",
    ),
    "section-missing": Words("the section [{detail}] is missing", "缺少 [{detail}] 一节"),
    "unknown-section": Words("the section {detail} is not known", "不认识 {detail} 一节"),
    "unreadable-line": Words("this line says nothing: {detail}", "无法识别此行：{detail}"),
    "several-definitions": Words(
        "only one definition of each kind is read; this one is “{detail}”",
        "每类定义只能有一个，此处为“{detail}”",
    ),
    "defined-twice": Words("“{detail}” is defined twice", "“{detail}”重复定义"),
    "bad-fields": Words(
        "the fields are no plain, different names: {detail}", "字段应为互不相同的普通名称：{detail}"
    ),
    "bad-roles": Words(
        "a role definition is _, _ or _, _, _: {detail}", "角色定义应写作 _, _ 或 _, _, _：{detail}"
    ),
    "conditional-roles": Words(
        "roles with conditions run functions of another program; they are not read: {detail}",
        "带条件的角色会运行其他程序的函数，不予读取：{detail}",
    ),
    "unknown-effect": Words(
        "this effect is none of Casbin's five: {detail}", "不是 Casbin 的五种效果之一：{detail}"
    ),
    "matcher-long": Words(
        "the matcher has more than {detail} characters or too many parts",
        "匹配式超过 {detail} 个字符或部分过多",
    ),
    "matcher-unreadable": Words("the matcher cannot be read", "无法识别匹配式"),
    "matcher-compares": Words("a matcher compares by {detail} only", "匹配式只能用 {detail} 比较"),
    "matcher-eval": Words(
        "eval() would run whatever stands in the policy: it is not read",
        "eval() 会运行策略中的任意内容，不予读取",
    ),
    "matcher-function": Words(
        "“{detail}” is a function of another program: it is not run",
        "“{detail}”是其他程序的函数，不予运行",
    ),
    "matcher-arguments": Words(
        "“{detail}” is given too few or too many names", "“{detail}”的参数个数不对"
    ),
    "matcher-name": Words(
        "“{detail}” is no field of the request or the rule", "“{detail}”不是请求或规则的字段"
    ),
    "matcher-text": Words(
        "a text in the matcher has letters, digits and . / : * @ - only",
        "匹配式中的文字只能包含文字、数字和 . / : * @ -",
    ),
    "matcher-attributes": Words(
        "“{detail}” asks for an attribute of an object; only names are known here",
        "“{detail}”读取对象的属性，这里只知道名称",
    ),
    "matcher-part": Words(
        "this part of the matcher is not understood: {detail}", "无法理解匹配式中的此部分：{detail}"
    ),
    "unknown-kind": Words(
        "the model defines no lines that begin with “{detail}”", "模型没有定义以“{detail}”开头的行"
    ),
    "open-bracket": Words("a bracket is not closed, or closed twice", "括号没有成对"),
    "field-count": Words(
        "after its kind the line needs {detail} fields", "行首之后应有 {detail} 个字段"
    ),
    "value-long": Words("a name has more than {detail} characters", "名称超过 {detail} 个字符"),
    "quotes": Words(
        "pycasbin reads no quotes and no invisible characters", "pycasbin 不支持引号和不可见字符"
    ),
}


def problem_words(problem: Problem, lang: Language) -> str:
    return PROBLEMS[problem.code].say(lang).format(detail=problem.detail)


def effect_words(foreign: Foreign, lang: Language) -> str:
    return _EFFECTS[foreign.effect].say(lang)


def field_words(field: str, lang: Language) -> str:
    known = _FIELDS.get(field)
    return known.say(lang) if known else f"“{field}”"


def matcher_words(foreign: Foreign, lang: Language) -> list[str]:
    """When a rule fits, part by part; all of them must hold."""
    tree = foreign.tree
    speaker = _Speaker(foreign, lang)
    if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And):
        return [spaced(speaker.say(part)) for part in tree.values]
    return [spaced(speaker.say(tree))]


class _Speaker:
    def __init__(self, foreign: Foreign, lang: Language) -> None:
        self._foreign = foreign
        self._lang = lang

    def say(self, node: ast.expr) -> str:
        lang = self._lang
        if isinstance(node, ast.BoolOp):
            join = (_AND if isinstance(node.op, ast.And) else _OR).say(lang)
            return join.join(self.say(value) for value in node.values)
        return self._plain(node, lang)

    def _plain(self, node: ast.expr, lang: Language) -> str:
        match node:
            case ast.UnaryOp():
                return _NOT.say(lang) % self.say(node.operand)
            case ast.Compare():
                holds = isinstance(node.ops[0], ast.Eq | ast.In)
                sides = (self._name(node.left), self._name(node.comparators[0]))
                return (_IS if holds else _IS_NOT).say(lang) % sides
            case ast.Call() if isinstance(node.func, ast.Name):
                names = tuple(self._name(argument) for argument in node.args)
                if node.func.id in PATTERNS:
                    return _PATTERNS[node.func.id].say(lang) % names
                return self._role(names, _subject_of(node))
            case ast.Constant():
                return _ALWAYS[bool(node.value)].say(lang)
        return ast.unparse(node)

    def _role(self, names: tuple[str, ...], *of: str) -> str:
        person = "r_sub" in of
        if len(names) == 2:  # noqa: PLR2004  a role function without a domain
            return (_ROLE if person else _BELONGS).say(self._lang) % names
        return (_ROLE_IN if person else _BELONGS_IN).say(self._lang) % names[:3]

    def _name(self, node: ast.expr) -> str:
        match node:
            case ast.Name():
                field = field_words(node.id[2:], self._lang)
                if node.id.startswith("p_"):
                    return _RULES_OWN.say(self._lang) % field.removeprefix("the ")
                return field
            case ast.Tuple() | ast.List():
                return (
                    _OR.say(self._lang)
                    .strip(",， ")
                    .join(
                        f" {self._name(each)} " if self._lang == "en" else self._name(each)
                        for each in node.elts
                    )
                    .strip()
                )
            case ast.Constant():
                return f"“{node.value!s}”"
        return ast.unparse(node)


def _subject_of(node: ast.Call) -> str:
    first = node.args[0]
    return first.id if isinstance(first, ast.Name) else ""


def line_words(foreign: Foreign, tokens: Tokens, lang: Language) -> str:
    """A line of the policy as a sentence."""
    if tokens[0] == "p":
        return spaced(_rule_words(foreign, tokens, lang))
    of_people = any(
        kind == tokens[0] and arguments[:1] == ("r_sub",)
        for kind, arguments in foreign.role_calls()
    )
    where = _IN.say(lang) % tokens[3] if len(tokens) > 3 else ""  # noqa: PLR2004  a domain
    shape = _LINK_ROLE if of_people else _LINK_GROUP
    return spaced(shape.say(lang) % (tokens[1], tokens[2], where))


def _rule_words(foreign: Foreign, tokens: Tokens, lang: Language) -> str:
    said = dict(zip(foreign.policy, tokens[1:], strict=True))
    patterns = foreign.patterned()
    who = said.get("sub", _EVERYBODY.say(lang))
    if "sub" in patterns:
        who = _SOMEBODY.say(lang) % who
    what = said.get("obj", _ANYTHING.say(lang))
    if "obj" in patterns:
        what = _SOMETHING.say(lang) % what
    others = [
        _FIELD_IS.say(lang) % (field_words(field, lang), value)
        for field, value in said.items()
        if field not in _USUAL
    ]
    where = _WHERE.say(lang) % _AND.say(lang).join(others) if others else ""
    shape = _MUST_NOT if said.get("eft") == "deny" else _MAY
    action = said.get("act", "*")
    if lang == "en":
        return shape.say(lang) % (who, action, what, where)
    return shape.say(lang) % (who, what, action, where)
