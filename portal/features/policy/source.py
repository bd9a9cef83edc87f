"""What the editor's pages look at: the version in force, or a draft of the next."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache

from litestar.exceptions import NotFoundException

from portal.core import clock
from portal.core.i18n import language
from portal.features.people import queries as people
from portal.features.policy import drafts
from portal.web.actor import Actor
from portal.web.permission import Unavailable, may, policy
from rbac.bilingual import Language
from rbac.cells import Table
from rbac.findings import Finding, findings
from rbac.lines import Line, Rule
from rbac.permissions import Permission
from rbac.policy import Policy
from rbac.reading import PolicyError, split
from rbac.words import Names, rule_sentence, sentence

KEPT = 4


@dataclass(frozen=True, slots=True)
class Source:
    """``url`` is where its grid stands; ``draft`` is None for the version in force."""

    policy: Policy
    version: int
    url: str
    rules_url: str
    names: Names
    draft: drafts.Draft | None = None
    editable: bool = False
    steps: tuple[drafts.Step, ...] = ()

    @property
    def table(self) -> Table:
        return table_of(self.policy)

    @property
    def findings(self) -> dict[str, list[Finding]]:
        """What is odd, by line."""
        return oddities(self.policy)

    @property
    def outdated(self) -> bool:
        """Whether another version was released since the draft began."""
        return self.draft is not None and self.version < (policy.version or 0)

    @property
    def last(self) -> drafts.Step | None:
        """The step that "undo" takes back."""
        return next((step for step in self.steps if step.undone_at is None), None)

    def name(self, username: str) -> str:
        return self.names.get(username, username)

    def said(self, line: str) -> str:
        """Any line as a sentence; a line that is none as it is."""
        try:
            read = Policy.parse(line)
        except PolicyError:
            return line
        lines: tuple[Line, ...] = (
            *read.rules,
            *read.inclusions,
            *read.grants,
            *read.reports,
        )
        return sentence(lines[0], lang(), self.names) if lines else line

    def heirs(self, line: str, step: drafts.Step) -> list[str]:
        """What a step put in the place of a line: all it added, or of many those for the same role and resource."""
        if step.removed == (line,):
            return list(step.added)
        place = split(line)[1:4:2]  # the role and the resource
        return [new for new in step.added if split(new)[1:4:2] == place]

    def taken_away(self, line: str) -> drafts.Step | None:
        """The last step that took a line away and still stands."""
        return next((s for s in self.steps if s.undone_at is None and line in s.removed), None)


def lang() -> Language:
    return "zh" if language() == "zh" else "en"


async def in_force() -> Source:
    snapshot = policy.snapshot
    if snapshot is None:
        raise Unavailable
    return Source(
        snapshot.compiled.policy,
        snapshot.version,
        "/policy/grid",
        "/policy/rules",
        await names_in(snapshot.compiled.policy),
    )


async def of_draft(draft_id: int, actor: Actor) -> Source:
    """A draft as this person may see it; one that is not there is not found."""
    try:
        draft = await drafts.get(draft_id)
    except drafts.DraftGone:
        raise NotFoundException from None
    steps = tuple(await drafts.steps(draft_id))
    url = f"/policy/drafts/{draft_id}"
    return Source(
        draft.policy,
        draft.base_version,
        url,
        f"{url}/rules",
        await names_in(draft.policy, {step.by for step in steps}),
        draft,
        draft.editable and may(actor, Permission.POLICY_DRAFT),
        steps,
    )


def oddities(lines: Policy) -> dict[str, list[Finding]]:
    """What is odd about a policy as it is now, by line."""
    found: dict[str, list[Finding]] = {}
    for finding in findings(lines, clock.now()):
        found.setdefault(finding.line, []).append(finding)
    return found


@lru_cache(maxsize=KEPT)
def table_of(lines: Policy) -> Table:
    return Table(lines)


async def names_in(lines: Policy, also: Collection[str] = ()) -> Names:
    """The people behind the user names that a policy knows."""
    wanted = {grant.person for grant in lines.grants} | lines.subjects | set(also)
    wanted |= {name for report in lines.reports for name in (report.person, report.superior)}
    return await people.names(wanted)


def said(rule: Rule, names: Names) -> str:
    """A rule as a sentence in the reader's language."""
    return rule_sentence(rule, lang(), names)
