"""Each line of a policy as a plain sentence in English and Chinese, with relations and conditions.

``p, role:manager, operations, catalogue, edit, any, , allow`` is "A manager in the operations group may
edit ticket products, categories and prices." and 运维组的经理可以编辑票种、人群类别与价格。
"""

from collections.abc import Mapping
from datetime import datetime

from rbac.bilingual import Language, Words
from rbac.condition_words import condition_words, spaced
from rbac.lines import (
    ALLOW,
    EVERY,
    NEWCOMER,
    SOLID,
    VISITOR,
    Grant,
    Inclusion,
    Line,
    Report,
    Rule,
    is_role,
)
from rbac.permissions import BY_NAME
from rbac.relations import Term, parse_relation
from rbac.roles import GROUPS, ROLES, RoleWords

Names = Mapping[str, str]
NO_NAMES: Names = {}

_SUBJECTS: Mapping[str, RoleWords] = {
    VISITOR: RoleWords(Words("a visitor", "游客"), Words("no visitor", "游客")),
    NEWCOMER: RoleWords(Words("a newcomer", "未授予角色者"), Words("no newcomer", "未授予角色者")),
}

_TERMS: Mapping[Term, tuple[Words, Words]] = {
    Term.DIRECT: (
        Words("they are a direct superior of its owner", "其为事项所有人的直接上级"),
        Words("they are no direct superior of its owner", "其不是事项所有人的直接上级"),
    ),
    Term.DUAL: (
        Words("its owner reports to them on a dual line", "事项所有人以双线向其汇报"),
        Words("its owner does not report to them on a dual line", "事项所有人不以双线向其汇报"),
    ),
    Term.GROUP: (
        Words("it belongs to a group of theirs", "事项属于其所在小组"),
        Words("it belongs to no group of theirs", "事项不属于其所在小组"),
    ),
    Term.OWNER: (
        Words("they are its owner", "其为事项所有人"),
        Words("they are not its owner", "其不是事项所有人"),
    ),
    Term.OWN_GROUP: (
        Words("it belongs to the very group they hold this for", "事项属于其任该职的小组"),
        Words(
            "it does not belong to the very group they hold this for", "事项不属于其任该职的小组"
        ),
    ),
    Term.PARTY: (
        Words("they are named in it", "其为事项当事人"),
        Words("they are not named in it", "其不是事项当事人"),
    ),
    Term.REQUESTER: (
        Words("they asked for it", "其为申请人"),
        Words("they did not ask for it", "其不是申请人"),
    ),
    Term.SOLID: (
        Words("its owner reports to them on a solid line", "事项所有人以实线向其汇报"),
        Words("its owner does not report to them on a solid line", "事项所有人不以实线向其汇报"),
    ),
    Term.SOLID_SUPERIOR: (
        Words("they are a superior of its owner on solid lines", "其为事项所有人的实线上级"),
        Words("they are no superior of its owner on solid lines", "其不是事项所有人的实线上级"),
    ),
    Term.SUPERIOR: (
        Words("they are a superior of its owner", "其为事项所有人的上级"),
        Words("they are no superior of its owner", "其不是事项所有人的上级"),
    ),
}
_EVERYTHING = (Words("do everything", "办理一切事项"), Words("do anything", "办理任何事项"))
_ALL_OF_ONE = (
    Words("do everything on “%s”", "办理“%s”的一切事项"),
    Words("do anything on “%s”", "办理“%s”的任何事项"),
)
_ONE_OF_ALL = (
    Words("do “%s” on everything", "对一切事项执行“%s”"),
    Words("do “%s” on anything", "对任何事项执行“%s”"),
)


def sentence(line: Line, lang: Language, names: Names = NO_NAMES) -> str:
    """Say any line; ``names`` are the people behind user names."""
    if isinstance(line, Rule):
        return rule_sentence(line, lang, names)
    if isinstance(line, Inclusion):
        return inclusion_sentence(line, lang)
    if isinstance(line, Grant):
        return grant_sentence(line, lang, names)
    return report_sentence(line, lang, names)


def rule_sentence(rule: Rule, lang: Language, names: Names = NO_NAMES) -> str:
    allowing = rule.effect == ALLOW
    who = subject_words(rule.subject, lang, names, nobody=not allowing)
    what = permission_words(rule, lang)
    terms = relation_words(rule.relation, lang)
    condition = condition_words(rule.condition, lang)
    parts = [*terms, *([condition] if condition else [])]
    if lang == "en":
        group = "" if rule.group == EVERY else f" in {group_words(rule.group, lang)}"
        may = "may" if allowing or who.startswith("no") else "must not"
        when = f", if {_listed(parts, ', and ', ', ')}" if parts else ""
        return f"{capital(who)}{group} {may} {what}{when}."
    group = "" if rule.group == EVERY else f"{group_words(rule.group, lang)}的"
    may, if_ = ("可以", "前提是") if allowing else ("不得", "如果")
    when = f"，{if_}{_listed(parts, '，且', '，')}" if parts else ""
    return spaced(f"{group}{who}{may}{what}{when}。")


def inclusion_sentence(line: Inclusion, lang: Language) -> str:
    upper, lower = (subject_words(role, lang) for role in line)
    if lang == "en":
        return f"{capital(upper)} may do whatever {lower} may."
    return spaced(f"{lower}可以办理的，{upper}也可以办理。")


def grant_sentence(grant: Grant, lang: Language, names: Names = NO_NAMES) -> str:
    person = subject_words(grant.person, lang, names)
    role = subject_words(grant.role, lang)
    absent = names.get(grant.instead_of, grant.instead_of) if grant.instead_of else ""
    if lang == "en":
        group = "" if grant.group == EVERY else f" in {group_words(grant.group, lang)}"
        instead = f", standing in for {absent}" if absent else ""
        return f"{capital(person)} may do what {role} may{group}{_span(grant, lang)}{instead}."
    group = "" if grant.group == EVERY else f"在{group_words(grant.group, lang)}"
    instead = f"，代理{absent}" if absent else ""
    return spaced(f"{person}{_span(grant, lang)}{group}拥有{role}的权限{instead}。")


def report_sentence(report: Report, lang: Language, names: Names = NO_NAMES) -> str:
    person = names.get(report.person, report.person)
    superior = names.get(report.superior, report.superior)
    solid = report.line == SOLID
    if lang == "en":
        kind = "solid" if solid else "dual"
        return f"{capital(person)} reports to {superior} on a {kind} line{_span(report, lang)}."
    kind = "实线" if solid else "双线"
    return spaced(f"{person}{_span(report, lang)}以{kind}向{superior}汇报。")


def subject_words(
    subject: str, lang: Language, names: Names = NO_NAMES, *, nobody: bool = False
) -> str:
    """Say a role or a person, so that a sentence can begin with it."""
    known = _SUBJECTS.get(subject) or ROLES.get(subject)
    if known is None:
        if is_role(subject):
            return f"“{subject.partition(':')[2]}”"
        return names.get(subject, subject)
    return ((known.nobody if nobody else None) or known.holder).say(lang)


def group_words(group: str, lang: Language) -> str:
    known = GROUPS.get(group)
    if known is not None:
        return known.say(lang)
    return f"the group “{group}”" if lang == "en" else f"“{group}”组"


def permission_words(rule: Rule, lang: Language) -> str:
    """Say what a rule's resource and action come to, in the words that follow "may" or "可以"."""
    known = BY_NAME.get(rule.permission)
    if known is not None:
        return known.describe(lang)
    sort = 0 if rule.effect == ALLOW else 1
    if rule.action != EVERY:
        if rule.resource == EVERY:
            return _ONE_OF_ALL[sort].say(lang) % rule.action
        return f"“{rule.permission}”"
    if rule.resource == EVERY:
        return _EVERYTHING[sort].say(lang)
    return _ALL_OF_ONE[sort].say(lang) % rule.resource


def relation_words(text: str, lang: Language) -> list[str]:
    """Say what the subject must be to the record, term by term; nothing for ``any``."""
    return [term_words(term, lang, holds=asked) for term, asked in parse_relation(text).wanted]


def term_words(term: Term, lang: Language, *, holds: bool) -> str:
    return _TERMS[term][0 if holds else 1].say(lang)


def _listed(parts: list[str], last: str, other: str) -> str:
    return last.join(part for part in (other.join(parts[:-1]), parts[-1]) if part)


def _span(line: Grant | Report, lang: Language) -> str:
    since, until = (instant_words(text) for text in (line.since, line.until))
    if lang == "en":
        return (f" from {since}" if since else "") + (f" until {until}" if until else "")
    if since and until:
        return f"自 {since} 起至 {until} 止"
    if since:
        return f"自 {since} 起"
    return f"至 {until} 止" if until else ""


def instant_words(text: str) -> str:
    """Write an ISO instant as people do, its offset kept: 2026-03-02 08:00 (+08:00)."""
    if not text:
        return ""
    moment = datetime.fromisoformat(text)
    shape = "%Y-%m-%d %H:%M:%S" if moment.second else "%Y-%m-%d %H:%M"
    offset = moment.isoformat()[len(moment.replace(tzinfo=None).isoformat()) :]
    return f"{moment.strftime(shape)} ({offset})"


def capital(text: str) -> str:
    """Begin a sentence; a user name stays as it is."""
    return text[0].upper() + text[1:] if text.partition(" ")[0] in _ARTICLES else text


_ARTICLES = frozenset({"a", "the", "everybody", "nobody", "no", "gate", "window"})
