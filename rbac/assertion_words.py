"""What contradicts a standing assertion, in words: the assertion, then the witness."""

from collections.abc import Mapping

from rbac.assertions import Failure, Kind
from rbac.bilingual import Language, Words
from rbac.condition_words import money_words, spaced
from rbac.permissions import BY_NAME
from rbac.words import NO_NAMES, Names, instant_words, rule_sentence, subject_words

_COULD = Words("{who} could {what}: {rule}", "{who}可能{what}：{rule}")

_WITNESS: Mapping[Kind, Words] = {
    Kind.APART: Words("{who} may do what {roles} may", "{who}同时拥有{roles}的权限"),
    Kind.DATED: Words("{who} stands in as {roles} without an end", "{who}代理{roles}没有截止时间"),
    Kind.DECIDED: Words(
        "nobody could decide on {amount} asked for by {who}", "没有人可以审批{who}申请的 {amount}"
    ),
    Kind.MAY: Words("{who} may not {what}", "{who}不可以{what}"),
    Kind.NEVER: _COULD,
    Kind.ONLY: _COULD,
    Kind.SOME: Words("nobody may {what}", "没有人可以{what}"),
}
_AND = Words(" and ", "和")
_BUT = Words("{said} But {but}.", "{said}但{but}。")
_BUT_LATER = Words("{said} But from {when} {but}.", "{said}但自 {when} 起，{but}。")


def failure_words(failure: Failure, lang: Language, names: Names = NO_NAMES) -> str:
    """Say what should hold and, after "but", who or what contradicts it."""
    but = (
        _WITNESS[failure.assertion.kind]
        .say(lang)
        .format(
            who=subject_words(failure.subject, lang, names),
            what=BY_NAME[failure.permission].describe(lang) if failure.permission else "",
            roles=_AND.say(lang).join(subject_words(role, lang, names) for role in failure.roles),
            amount=money_words(failure.amount or 0, lang),
            rule=rule_sentence(failure.rule, lang, names)[:-1] if failure.rule else "",
        )
    )
    since = failure.since
    return spaced(
        (_BUT if since is None else _BUT_LATER)
        .say(lang)
        .format(
            said=failure.assertion.words.say(lang),
            but=but,
            when=instant_words(since.isoformat()) if since else "",
        )
    )
