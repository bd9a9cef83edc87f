"""Rules as sentences beside their lines; one rule seen three ways, changed in any of them (PO-2)."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote, urlencode

from litestar import Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.plugins.htmx import HTMXRequest

from portal.core.i18n import _
from portal.features.policy import drafts, editing, sentences, words
from portal.features.policy.editing import Editing
from portal.features.policy.grid import role_title
from portal.features.policy.sentences import PER_PAGE, Filter
from portal.features.policy.source import Source, in_force, oddities, of_draft, said
from portal.web.actor import actor_of
from portal.web.forms import read
from portal.web.pagination import Page, page_number
from portal.web.permission import Needs
from portal.web.respond import go, page
from rbac.attributes import ATTRIBUTES, Kind
from rbac.cells import Cell, Table, plain_rule
from rbac.finding_words import finding_words
from rbac.findings import Finding
from rbac.lines import Rule, written
from rbac.permissions import BY_NAME, Permission
from rbac.policy import Policy
from rbac.reading import PolicyError, Problem
from rbac.relations import Term
from rbac.words import term_words

READ: Final = Needs(Permission.POLICY_READ)
DRAFT: Final = Needs(Permission.POLICY_DRAFT)
#: A term as its field has it: asked for, asked not to be, or no matter.
ASKED: Final[Mapping[bool | None, str]] = {None: "", True: "yes", False: "no"}


@get("/policy/rules", guards=[READ], name="policy.rules")
async def list_in_force(request: HTMXRequest) -> Response[bytes]:
    return _list(request, await in_force())


@get("/policy/drafts/{draft_id:int}/rules", guards=[READ], name="policy.draft_rules")
async def list_of_draft(request: HTMXRequest, draft_id: FromPath[int]) -> Response[bytes]:
    return _list(request, await of_draft(draft_id, actor_of(request)))


@get("/policy/rules/rule", guards=[READ], name="policy.rule")
async def show_in_force(request: HTMXRequest) -> Response[bytes]:
    """One rule of the version in force, to read."""
    source = await in_force()
    return await _opened(request, source)


@get("/policy/drafts/{draft_id:int}/rules/rule", guards=[READ], name="policy.draft_rule")
async def show_in_draft(request: HTMXRequest, draft_id: FromPath[int]) -> Response[bytes]:
    source = await of_draft(draft_id, actor_of(request))
    return await _opened(request, source)


@get("/policy/drafts/{draft_id:int}/rules/new", guards=[DRAFT], name="policy.new_rule")
async def new_rule(request: HTMXRequest, draft_id: FromPath[int]) -> Response[bytes]:
    """A rule to be made: for the role and permission of the address, or like another line."""
    source = await of_draft(draft_id, actor_of(request))
    asked = request.query_params
    like = editing.rule_of(asked.get("like", "")[: editing.LONGEST_LINE])
    rule = like or editing.BLANK
    role, on = asked.get("role", "")[:80], asked.get("on", "")
    if role:
        rule = rule._replace(subject=role)
    if on in BY_NAME:
        rule = plain_rule(rule.subject, on)
    return _rule_page(request, source, editing.opened(rule, new=True))


@post(
    "/policy/drafts/{draft_id:int}/rules/preview",
    guards=[DRAFT],
    name="policy.preview",
    status_code=200,
)
async def preview(request: HTMXRequest, draft_id: FromPath[int]) -> Response[bytes]:
    """Bring the views into step with the one that was changed; nothing is saved."""
    source = await of_draft(draft_id, actor_of(request))
    return _rule_page(request, source, editing.from_form(await read(request)))


@post(
    "/policy/drafts/{draft_id:int}/rules/save", guards=[DRAFT], name="policy.save", status_code=200
)
async def save(request: HTMXRequest, draft_id: FromPath[int]) -> Response[Any]:
    """One step of the draft; what is wrong is marked, what somebody else did meanwhile is shown beside."""
    source = await of_draft(draft_id, actor_of(request))
    values = await read(request)
    made = editing.from_form(values)
    if "over" in values:  # mine instead of what somebody else made of it
        made.was = values["over"]
    there = set(source.draft.lines) if source.draft else set()
    if made.sound and made.line in there and made.line != made.was:
        made.problems = (Problem(1, 0, "repeated"),)
    if not made.sound:
        return _rule_page(request, source, made, status=422, wrong=_first_words(made))
    try:
        await _replace(draft_id, made, there)
    except drafts.Conflict:
        return _overtaken(request, await of_draft(draft_id, actor_of(request)), made)
    except PolicyError as refused:
        wrong = words.problem_said(refused.problems[0])
        return _rule_page(request, source, made, status=422, wrong=wrong)
    except drafts.DraftGone:
        wrong = _("This draft can no longer be changed.")
        return _rule_page(request, source, made, status=409, wrong=wrong)
    return go(request, f"{source.rules_url}/rule?line={quote(made.line)}&done=saved")


async def _replace(draft_id: int, made: Editing, there: Collection[str]) -> None:
    """Put the line where the one stood that was opened; that one must be there still, whatever it became."""
    if made.was and made.was not in there:
        raise drafts.Conflict(made.was)
    await drafts.change(draft_id, remove=[made.was] if made.was else [], add=[made.line])


@post(
    "/policy/drafts/{draft_id:int}/rules/delete",
    guards=[DRAFT],
    name="policy.delete_rule",
    status_code=200,
)
async def delete(request: HTMXRequest, draft_id: FromPath[int]) -> Response[Any]:
    """Take a rule out; the undo puts it back where it stood."""
    source = await of_draft(draft_id, actor_of(request))
    made = editing.from_form(await read(request))
    gone = source.taken_away(made.was)
    if (
        source.draft
        and made.was not in source.draft.lines
        and gone
        and source.heirs(made.was, gone)
    ):
        return _overtaken(request, source, made)
    try:
        await drafts.change(draft_id, remove=[made.was])
    except (drafts.Conflict, drafts.DraftGone):
        pass  # it is not there, which is what was wanted, or nothing can be changed any more
    except PolicyError as refused:
        return _rule_page(
            request, source, made, status=422, wrong=words.problem_said(refused.problems[0])
        )
    back = urlencode({"role": made.rule.subject, "done": "deleted"})
    return go(request, f"{source.rules_url}?{back}")


def _list(request: HTMXRequest, source: Source) -> Response[bytes]:
    asked = request.query_params
    wanted = Filter.of(asked)
    odd = source.findings
    rules = sentences.found(source.policy.rules, wanted, source.names)
    if wanted.odd:
        rules = [rule for rule in rules if written(rule.tokens) in odd]
    number = page_number(asked.get("page"))
    listed = Page(number, PER_PAGE, more=len(rules) > number * PER_PAGE)
    shown = rules[listed.offset : listed.offset + PER_PAGE]
    included: list[tuple[str, Rule]] = []
    if wanted.role and wanted.on in BY_NAME:
        included = sentences.from_included(
            source.policy.rules, wanted, source.table.included(wanted.role)
        )
    kept = {
        name: getattr(wanted, name)
        for name in ("q", "role", "resource", "on", "effect", "odd")
        if getattr(wanted, name)
    }
    roles, people = words.subject_options(source.policy, source.table.subjects, source.names)
    return page(
        request,
        "policy/rules.html",
        source=source,
        wanted=wanted,
        rules=shown,
        included=included,
        total=len(rules),
        all=len(source.policy.rules),
        listed=listed,
        said=said,
        odd=odd,
        finding_words=lambda finding: finding_words(finding, words.lang()),
        odd_rules=sum(written(rule.tokens) in odd for rule in source.policy.rules),
        url=f"{source.rules_url}?{urlencode(kept)}&" if kept else f"{source.rules_url}?",
        back=f"{source.rules_url}?{urlencode(kept)}" if kept else source.rules_url,
        cell=_cell_of(source, wanted),
        on_words=BY_NAME[wanted.on].describe(words.lang()) if wanted.on in BY_NAME else "",
        cell_of=editing.cell_of,
        written=written,
        role_title=lambda name: role_title(name, source.names),
        roles=roles,
        people=people,
        resources=words.resource_options(),
        cells=words.CELL_WORDS,
        done=asked.get("done", ""),
    )


def _cell_of(source: Source, wanted: Filter) -> Cell | None:
    if wanted.on in BY_NAME and wanted.role in source.table.subjects:
        return source.table.cell(wanted.role, wanted.on)
    return None


async def _opened(request: HTMXRequest, source: Source) -> Response[bytes]:
    """The rule of the address; one that was changed or taken out meanwhile says by whom."""
    line = request.query_params.get("line", "")[: editing.LONGEST_LINE]
    rule = editing.rule_of(line)
    if rule is None:
        raise NotFoundException
    there = rule in set(source.policy.rules)
    if not there and source.taken_away(line) is None:
        raise NotFoundException
    made = editing.opened(rule)
    if not there:
        return _overtaken(request, source, made, mine=False)
    return _rule_page(request, source, made, done=request.query_params.get("done", ""))


def _overtaken(
    request: HTMXRequest, source: Source, made: Editing, *, mine: bool = True
) -> Response[bytes]:
    """Somebody else changed the line: theirs and mine beside each other, nothing typed is lost."""
    step = source.taken_away(made.was)
    theirs = [
        line for line in (source.heirs(made.was, step) if step else ()) if editing.rule_of(line)
    ]
    there = set(source.draft.lines) if source.draft else set()
    theirs = [line for line in theirs if line in there]
    return _rule_page(request, source, made, status=409, step=step, theirs=theirs, mine=mine)


def _first_words(made: Editing) -> str:
    """What stands at the top when a rule cannot be saved."""
    if made.clash:
        return _(
            "The line and another view were changed to different ends. Press “Show” at the one that counts."
        )
    if made.problems:
        return _("The line cannot be saved: %(why)s.", why=words.problem_said(made.problems[0]))
    return _("A row of the condition is not complete.")


def _rule_page(
    request: HTMXRequest,
    source: Source,
    made: Editing,
    *,
    status: int = 200,
    **more: Any,
) -> Response[bytes]:
    rule = made.rule
    roles, people = words.subject_options(source.policy, source.table.subjects, source.names)
    subjects = {name for name, _words in (*roles, *people)}
    groups = words.group_options(source.policy)
    permission = words.permission_of(rule)
    permissions = words.permission_options()
    known = {name for _words, options in permissions for name, _said in options}
    return page(
        request,
        "policy/rule.html",
        block="rule",
        status=status,
        source=source,
        made=made,
        rule=rule,
        reading=said(rule, source.names) if not made.problems and not made.clash else "",
        roles=roles,
        people=people,
        other_subject=rule.subject not in subjects,
        groups=words.with_current(groups, rule.group),
        permissions=permissions,
        permission=permission,
        other_permission=permission not in known,
        effects=words.with_current(words.effect_options(), rule.effect),
        terms=[
            (term, term_words(term, words.lang(), holds=True), ASKED[made.terms.get(term)])
            for term in Term
        ],
        asks=words.term_options(),
        attributes=words.attribute_options(),
        comparisons={kind: words.comparison_options(kind) for kind in Kind},
        values=words.value_options,
        attribute=ATTRIBUTES,
        tried=[(name, ATTRIBUTES[name]) for name in made.trial.typed],
        cells=words.CELL_WORDS,
        outcomes=words.OUTCOME_WORDS,
        problem_said=words.problem_said,
        message=words.message,
        changes=_changes(source, made),
        odd=_odd(source, made),
        finding_words=lambda finding: finding_words(finding, words.lang()),
        cell_words=_cell_words,
        role_title=lambda name: role_title(name, source.names),
        said=source.said,
        **({"wrong": "", "done": "", "step": None, "theirs": [], "mine": True} | more),
    )


def _changes(source: Source, made: Editing) -> list[tuple[str, Cell, Cell]]:
    """The cells of the rule's row that it changes, and its own: role, as it is, as it would be."""
    rule = made.rule
    if made.problems or rule.permission not in BY_NAME:
        return []
    old, new = source.table, Table(_with(source, made))
    found = []
    for subject in new.subjects:
        one, other = old.cell(subject, rule.permission), new.cell(subject, rule.permission)
        if subject == rule.subject or (one.state, one.refused) != (other.state, other.refused):
            found.append((subject, one, other))
    return found


def _with(source: Source, made: Editing) -> Policy:
    """The policy as it would be with the rule saved."""
    was = editing.rule_of(made.was) if made.was else None
    rules = [made.rule if other == was else other for other in source.policy.rules]
    if made.rule not in rules:
        rules.append(made.rule)
    return replace(source.policy, rules=tuple(dict.fromkeys(rules)))


def _odd(source: Source, made: Editing) -> list[Finding]:
    """What would be odd about the rule, and about others because of it."""
    if made.problems or made.clash:
        return []
    found = oddities(_with(source, made))
    return found.get(made.line, []) + [
        finding
        for line, each in found.items()
        for finding in each
        if finding.other_line == made.line and line != made.line
    ]


def _cell_words(cell: Cell) -> str:
    """What a cell comes to: "allowed with conditions, from Specialist"."""
    stated = {
        "none": _("not allowed"),
        "allowed": _("allowed always"),
        "conditional": _("allowed with conditions"),
        "denied": _("refused"),
        "partly-denied": _("not allowed"),
    }[cell.state]
    if cell.source and cell.state in ("allowed", "conditional", "denied"):
        stated = _(
            "%(state)s, included from “%(role)s”", state=stated, role=role_title(cell.source)
        )
    return _("%(state)s, refused in some cases", state=stated) if cell.refused else stated


ROUTES = (
    list_in_force,
    list_of_draft,
    show_in_force,
    show_in_draft,
    new_rule,
    preview,
    save,
    delete,
)
