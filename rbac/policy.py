"""A policy: Casbin lines, read, checked and sorted by what they say."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from rbac.lines import Grant, Inclusion, Line, Report, Rule, Tokens, is_role, written
from rbac.permissions import BY_NAME
from rbac.reading import Reader, split

FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Policy:
    """What stands in it can be trusted: see ``reading.py`` for what is refused."""

    rules: tuple[Rule, ...]
    inclusions: tuple[Inclusion, ...]
    grants: tuple[Grant, ...]
    reports: tuple[Report, ...]

    @classmethod
    def parse(cls, *texts: str, known: Collection[str] = BY_NAME) -> Self:
        """Read Casbin CSV; several texts count as one, lines numbered on. Raises PolicyError.

        ``known`` are the permissions that exist; a policy of another system brings its own.
        """
        reader = Reader(known)
        for number, text in enumerate("\n".join(texts).split("\n"), 1):
            line = text.strip()
            if line and line[0] != "#":
                reader.read(number, split(line))
        return cls(*reader.finish())

    @classmethod
    def from_lines(cls, lines: Iterable[Sequence[str]], known: Collection[str] = BY_NAME) -> Self:
        """Take lines that are already split, as a database returns them. Raises PolicyError."""
        reader = Reader(known)
        for number, tokens in enumerate(lines, 1):
            reader.read(number, tokens)
        return cls(*reader.finish())

    @property
    def lines(self) -> tuple[Tokens, ...]:
        """Every line as Casbin's tokens: rules, inclusions, grants, reporting lines."""
        parts: tuple[tuple[Line, ...], ...] = (
            self.rules,
            self.inclusions,
            self.grants,
            self.reports,
        )
        return tuple(line.tokens for part in parts for line in part)

    @property
    def text(self) -> str:
        """The policy as CSV; reading it again gives an equal policy."""
        return "".join(f"{written(tokens)}\n" for tokens in self.lines)

    def with_grants(self, grants: Iterable[Grant]) -> Self:
        """The same policy with these grants added; those it has already are not said twice."""
        return replace(self, grants=tuple(dict.fromkeys((*self.grants, *grants))))

    @property
    def roles(self) -> frozenset[str]:
        """Every role that a line names."""
        named = {rule.subject for rule in self.rules if is_role(rule.subject)}
        included = {role for inclusion in self.inclusions for role in inclusion}
        return frozenset(
            named | {name for name in included if is_role(name)} | {g.role for g in self.grants}
        )

    @property
    def subjects(self) -> frozenset[str]:
        """Everybody the policy gives something to: people, and the visitor."""
        named = {rule.subject for rule in self.rules if not is_role(rule.subject)}
        return frozenset(named | {grant.person for grant in self.grants})


def shipped_policy(*, demo: bool = False) -> Policy:
    """Read the rules that Shanmen comes with; ``demo`` adds the people of the demo."""
    names = ("policy.csv", "demo.csv") if demo else ("policy.csv",)
    return Policy.parse(*((FOLDER / name).read_text(encoding="utf-8") for name in names))
