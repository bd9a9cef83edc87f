"""An explanation in sentences, in English and Chinese."""

from collections.abc import Mapping

from rbac.attributes import ATTRIBUTES, Kind
from rbac.bilingual import Language, Words
from rbac.compiled import Reason
from rbac.condition_words import condition_words, spaced
from rbac.explain import Explanation, Reading, TermReading
from rbac.lines import EVERY
from rbac.permissions import BY_NAME
from rbac.words import (
    NO_NAMES,
    Names,
    capital,
    group_words,
    rule_sentence,
    sentence,
    subject_words,
    term_words,
)

_REASONS: Mapping[Reason, Words] = {
    Reason.ALLOWED: Words("A rule allows it.", "有规则允许。"),
    Reason.DENIED: Words("A rule forbids it.", "有规则禁止。"),
    Reason.NO_MATCH: Words("Their rules do not fit this record.", "其持有的规则均不适用于此事项。"),
    Reason.NO_RULE: Words("No rule gives them this duty.", "没有规则赋予其此项职责。"),
    Reason.NO_POLICY: Words("No policy is in force.", "当前没有生效的权限策略。"),
}
_NO_ROLE = Words("they are not %s", "其不是%s")
_NO_ROLE_IN_GROUP = Words("they are not %s in %s", "其不是%s的%s")
_UNKNOWN = Words("it is not known whether %s", "尚不清楚是否%s")
_UNMET = Words("it does not hold that %s", "不符合“%s”")
_MISSING = Words("%s is not known", "未提供%s")
_UNJUDGED = Words("it cannot be judged whether %s", "无法判断是否%s")


def verdict(explanation: Explanation, lang: Language, names: Names = NO_NAMES) -> str:
    """Say who may or may not do what, and in one sentence why."""
    who = subject_words(explanation.subject, lang, names)
    what = BY_NAME[explanation.permission].describe(lang)
    why = _REASONS[explanation.decision.reason].say(lang)
    if lang == "en":
        may = "may" if explanation.decision.allowed else "may not"
        return f"{capital(who)} {may} {what}. {why}"
    may = "可以" if explanation.decision.allowed else "不可以"
    return spaced(f"{who}{may}{what}。{why}")


def because(reading: Reading, lang: Language, names: Names = NO_NAMES) -> list[str]:
    """Say the rule, then the roles and reporting lines that led to it."""
    lines = [line for term in reading.terms for line in term.lines]
    return [
        rule_sentence(reading.rule, lang, names),
        *(sentence(step, lang, names) for step in reading.path or ()),
        *(sentence(line, lang, names) for line in lines),
    ]


def lacking(reading: Reading, lang: Language, names: Names = NO_NAMES) -> list[str]:
    """Say what would have to be different for the rule to allow it."""
    found = [] if reading.path is not None else [_no_role(reading, lang, names)]
    found += [_unfit(term, lang) for term in reading.terms if not term.fits]
    if reading.met is not True:
        found += _unmet(reading, lang)
    return found


def _no_role(reading: Reading, lang: Language, names: Names) -> str:
    role = subject_words(reading.rule.subject, lang, names)
    if reading.rule.group == EVERY:
        return spaced(_NO_ROLE.say(lang) % role)
    group = group_words(reading.rule.group, lang)
    parts = (role, group) if lang == "en" else (group, role)
    return spaced(_NO_ROLE_IN_GROUP.say(lang) % parts)


def _unfit(reading: TermReading, lang: Language) -> str:
    if reading.known is None:
        return _UNKNOWN.say(lang) % term_words(reading.term, lang, holds=True)
    return term_words(reading.term, lang, holds=reading.known)


def _unmet(reading: Reading, lang: Language) -> list[str]:
    if reading.missing:
        return [spaced(_not_told(name, lang)) for name in reading.missing]
    said = condition_words(reading.rule.condition, lang)
    return [spaced((_UNMET if reading.met is False else _UNJUDGED).say(lang) % said)]


def _not_told(name: str, lang: Language) -> str:
    attribute = ATTRIBUTES[name]
    words = _UNKNOWN if attribute.kind is Kind.TRUTH else _MISSING
    return words.say(lang) % attribute.words.say(lang)
