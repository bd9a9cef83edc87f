"""The words of the editor's fields and refusals."""

from collections.abc import Mapping
from typing import Final

from portal.core.i18n import LazyText, _, _l, language
from portal.features.policy.editing import ALWAYS, NEVER, SOMETIMES
from portal.features.policy.grid import role_title
from rbac.areas import resource_words
from rbac.attributes import ATTRIBUTES, Kind
from rbac.bilingual import Language
from rbac.builder import COMPARISONS, Comparison, Outcome
from rbac.lines import EVERY, Rule, is_role
from rbac.permissions import RESOURCES, Permission
from rbac.policy import Policy
from rbac.problem_words import problem_words
from rbac.reading import Problem
from rbac.roles import GROUPS
from rbac.words import Names, group_words

Options = list[tuple[str, str]]

COMPARISON_WORDS: Final[Mapping[Comparison, LazyText]] = {
    Comparison.AT_MOST: _l("is at most"),
    Comparison.LESS: _l("is less than"),
    Comparison.AT_LEAST: _l("is at least"),
    Comparison.MORE: _l("is more than"),
    Comparison.EQUAL: _l("is exactly"),
    Comparison.DIFFERENT: _l("is not"),
    Comparison.ONE_OF: _l("is one of"),
    Comparison.NONE_OF: _l("is none of"),
    Comparison.HOLDS: _l("holds"),
    Comparison.FAILS: _l("does not hold"),
}
CELL_WORDS: Final[Mapping[str, LazyText]] = {
    ALWAYS: _l("allowed always"),
    SOMETIMES: _l("allowed with conditions"),
    NEVER: _l("refused"),
}
OUTCOME_WORDS: Final[Mapping[Outcome, LazyText]] = {
    Outcome.HOLDS: _l("The condition holds."),
    Outcome.FAILS: _l("The condition does not hold."),
    Outcome.UNKNOWN: _l(
        "It cannot be judged: something is not known. An allowing rule then does not count, a refusing one does."
    ),
}
MESSAGES: Final[Mapping[str, LazyText]] = {
    "required": _l("Please fill this in."),
    "not-an-amount": _l("Please enter an amount in yuan such as 100,000.00."),
    "not-a-number": _l("Please enter a whole number."),
    "number-too-large": _l("This number is too large."),
    "text-not-plain": _l("Please use letters, digits, spaces and . : - only."),
    "not-a-choice": _l("Please choose one of the options."),
    "not-a-rule": _l(
        "A rule begins with p: p, role, group, resource, action, relation, condition, effect."
    ),
}
EXCEPT_PERMISSIONS: Final = 2


def lang() -> Language:
    return "zh" if language() == "zh" else "en"


def message(code: str) -> str:
    return str(MESSAGES.get(code, code))


def problem_said(problem: Problem) -> str:
    """What is wrong with a line, in the reader's language."""
    if problem.code in MESSAGES:
        return message(problem.code)
    return problem_words(problem, lang())


def with_current(options: Options, current: str) -> Options:
    """The options, and the value that is none of them: nothing is changed by looking at it."""
    if any(value == current for value, _words in options):
        return options
    return [(current, current or _("Please choose")), *options]


def subject_options(
    policy: Policy, subjects: tuple[str, ...], names: Names
) -> tuple[Options, Options]:
    """The roles, and the people whom the policy knows."""
    roles = [
        (name, role_title(name, names)) for name in subjects if is_role(name) or name not in names
    ]
    people = [
        (name, f"{names[name]} ({name})") for name in sorted(policy.subjects) if name in names
    ]
    return roles, people


def group_options(policy: Policy) -> Options:
    named = {rule.group for rule in policy.rules} | {grant.group for grant in policy.grants}
    groups = [*GROUPS, *sorted(named - GROUPS.keys() - {EVERY})]
    return [(EVERY, _("any group")), *((name, group_words(name, lang())) for name in groups)]


def permission_options() -> list[tuple[str, Options]]:
    """The permissions by resource, each resource with a star for all of it; last, everything."""
    by_resource: list[tuple[str, Options]] = []
    for resource in RESOURCES:
        words = resource_words(resource, lang())
        options = [
            (permission.value, permission.describe(lang()))
            for permission in Permission
            if permission.resource == resource
        ]
        if len(options) >= EXCEPT_PERMISSIONS:
            options.append(
                (f"{resource}:{EVERY}", _("everything on “%(resource)s”", resource=words))
            )
        by_resource.append((words, options))
    by_resource.append((_("Everything"), [(f"{EVERY}:{EVERY}", _("everything"))]))
    return by_resource


def resource_options() -> Options:
    named = [(resource, resource_words(resource, lang())) for resource in RESOURCES]
    return sorted(named, key=lambda pair: pair[1])


def effect_options() -> Options:
    return [("allow", _("may")), ("deny", _("must not"))]


def term_options() -> Options:
    return [("", _("no matter")), ("yes", _("must be so")), ("no", _("must not be so"))]


def attribute_options() -> Options:
    options = []
    for name, attribute in ATTRIBUTES.items():
        words = attribute.words.say(lang())
        if attribute.kind is not Kind.TRUTH:
            words = words.removeprefix("the ")
        options.append((name, words))
    return sorted(options, key=lambda pair: pair[1])


def comparison_options(kind: Kind) -> Options:
    return [
        (comparison.value, str(COMPARISON_WORDS[comparison])) for comparison in COMPARISONS[kind]
    ]


def value_options(attribute: str) -> Options:
    """The texts that an attribute is known to have."""
    return [(value, words.say(lang())) for value, words in ATTRIBUTES[attribute].values.items()]


def permission_of(rule: Rule) -> str:
    return "" if not rule.resource and not rule.action else rule.permission
