"""Rules as sentences beside their lines: searched in both languages, filtered by who, what and effect."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from portal.features.policy.editing import ALWAYS, NEVER, SOMETIMES, cell_of
from rbac.areas import resource_words
from rbac.lines import EVERY, Rule, written
from rbac.words import Names, rule_sentence

PER_PAGE: Final = 100
EFFECTS: Final = (ALWAYS, SOMETIMES, NEVER)


@dataclass(frozen=True, slots=True)
class Filter:
    """What of the rules is looked for; empty texts ask for nothing."""

    q: str = ""
    role: str = ""
    resource: str = ""
    on: str = ""
    effect: str = ""
    odd: str = ""

    @classmethod
    def of(cls, given: Mapping[str, str]) -> "Filter":
        return cls(
            *(
                given.get(name, "").strip()[:120]
                for name in ("q", "role", "resource", "on", "effect", "odd")
            )
        )

    @property
    def asks(self) -> bool:
        return any((self.q, self.role, self.resource, self.on, self.effect, self.odd))

    def finds(self, rule: Rule, names: Names) -> bool:
        if self.role and rule.subject != self.role:
            return False
        if self.resource and rule.resource not in (self.resource, EVERY):
            return False
        if self.on and not is_on(rule, self.on):
            return False
        if self.effect and cell_of(rule) != self.effect:
            return False
        words = self.q.casefold().split()
        if not words:
            return True
        text = _searched(rule, names.get(rule.subject, ""))
        return all(word in text for word in words)


def is_on(rule: Rule, permission: str) -> bool:
    """Whether the rule is about this permission, by name or by a star."""
    resource, _colon, action = permission.partition(":")
    return rule.resource in (resource, EVERY) and rule.action in (action, EVERY)


@lru_cache(maxsize=4096)
def _searched(rule: Rule, name: str) -> str:
    names = {rule.subject: name} if name else {}
    return "\n".join(
        (
            rule_sentence(rule, "zh", names),
            rule_sentence(rule, "en", names),
            written(rule.tokens),
            rule.permission,
            resource_words(rule.resource, "zh"),
            resource_words(rule.resource, "en"),
        )
    ).casefold()


def found(rules: Iterable[Rule], wanted: Filter, names: Names) -> list[Rule]:
    return [rule for rule in rules if wanted.finds(rule, names)]


def from_included(
    rules: Iterable[Rule], wanted: Filter, included: Sequence[str]
) -> list[tuple[str, Rule]]:
    """For one role and permission: the rules that come from the roles it includes, the nearest first."""
    order = {role: place for place, role in enumerate(included)}
    reaching = [
        (rule.subject, rule) for rule in rules if rule.subject in order and is_on(rule, wanted.on)
    ]
    return sorted(reaching, key=lambda pair: order[pair[0]])
