"""What the pages of the simulator share: look up who and what is meant, and show it in the form's fields."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from portal.core import db
from portal.core.i18n import _
from portal.features.people.records import find_people, read_person
from portal.features.policy.chosen import Chosen, chosen, offered
from portal.features.policy.question import (
    ATTRIBUTE,
    MESSAGES,
    NO_ONE,
    NOT_PEOPLE,
    SELF,
    Question,
    facts,
    permissions_with,
    read_question,
    shown,
)
from portal.features.policy.simulator import asked_attributes, asked_facts, spoken
from portal.web import records
from portal.web.forms import Form
from portal.web.records import Found, Record
from rbac.areas import AREAS, by_resource
from rbac.attributes import ATTRIBUTES, Attribute, Kind
from rbac.bilingual import Language
from rbac.facts import NOTHING_KNOWN, Facts
from rbac.lines import EVERY, NEWCOMER, VISITOR, is_role
from rbac.permissions import BY_NAME, Permission
from rbac.roles import GROUPS
from rbac.words import group_words, subject_words

PEOPLE_OFFERED: Final = 300  # beyond them a part of the name is typed
PERSON_FIELDS: Final = ("owner", "requester")

Choices = Mapping[str, Sequence[tuple[str, str]]]


@dataclass(slots=True)
class Asked:
    """A question looked up. ``choices`` are what an unclear field may mean: address queries and words."""

    form: Form
    question: Question
    chosen: Chosen | None = None
    facts: Facts = NOTHING_KNOWN
    record: Record | None = None
    choices: dict[str, list[tuple[str, str]]] = field(default_factory=dict)

    @property
    def permission(self) -> Permission | None:
        return BY_NAME.get(self.question.what)


async def look_up(raw: Mapping[str, str], *, needed: Sequence[str] = ()) -> Asked:
    """Read a question and find whom and what it means. What is needed and not told is an error."""
    form = Form(raw, MESSAGES)
    asked = Asked(form, read_question(form))
    for name in needed:
        if not getattr(asked.question, name):
            form.error(name, "required")
    if "policy" not in form.errors:
        asked.chosen = await chosen(asked.question.policy)
        if asked.chosen is None:
            form.error("policy", "no-version")
    await _look_up_people(asked)
    _look_up_permission(asked)
    await _look_up_record(asked)
    known = asked.record.facts if asked.record else NOTHING_KNOWN
    asked.facts = facts(form, asked.question, known)
    return asked


async def _look_up_people(asked: Asked) -> None:
    question = asked.question
    if question.who and (found := await _person(asked, "who", question.who, NOT_PEOPLE)):
        question = replace(question, who=found)
    for name in PERSON_FIELDS:
        typed = getattr(question, name)
        if typed and (found := await _person(asked, name, typed, (SELF, NO_ONE, *NOT_PEOPLE))):
            question = (
                replace(question, owner=found)
                if name == "owner"
                else replace(question, requester=found)
            )
    if question.parties:
        parties = [
            await _person(asked, "parties", typed, (SELF, NO_ONE, *NOT_PEOPLE))
            for typed in question.parties.split(",")
        ]
        question = replace(question, parties=",".join(name for name in parties if name))
    asked.question = question


async def _person(asked: Asked, name: str, typed: str, others: Sequence[str]) -> str:
    """The user name that is meant; empty, with an error and the choices, when that is not clear."""
    known = asked.chosen.compiled.register if asked.chosen else None
    if (
        typed in others
        or await read_person(typed)
        or (known and known.knows(typed) and not is_role(typed))
    ):
        return typed
    found = await find_people(typed)
    same = [each for each in found if each.words == f"{typed} ({each.key})"]
    if len(found) == 1 or len(same) == 1:
        return (same or found)[0].key
    asked.form.error(name, "several-people" if found else "nobody-called")
    if name != "parties":
        asked.choices[name] = [_choice(asked, each, name) for each in found]
    return ""


def _choice(asked: Asked, found: Found, name: str) -> tuple[str, str]:
    return asked.question.about(**{name: found.key}), found.words


def _look_up_permission(asked: Asked) -> None:
    typed = asked.question.what
    if not typed:
        return
    found = permissions_with(typed)
    if len(found) == 1:
        asked.question = replace(asked.question, what=found[0])
        return
    asked.form.error("what", "several-permissions" if found else "no-permission")
    lang = spoken()
    asked.choices["what"] = [
        (asked.question.about(what=name), BY_NAME[name].describe(lang)) for name in found
    ]


async def _look_up_record(asked: Asked) -> None:
    typed = asked.question.on
    if not typed:
        return
    asked.record = await records.read(typed)
    if asked.record is not None:
        return
    permission = asked.permission
    kinds = records.kinds_for(permission.resource) if permission else []
    found = [
        (f"{kind.name}:{each.key}", each.words)
        for kind in kinds
        for each in await kind.search(typed)
    ]
    if len(found) == 1:
        asked.question = replace(asked.question, on=found[0][0])
        asked.record = await records.read(found[0][0])
        return
    asked.form.error("on", "several-records" if found else "no-record")
    asked.choices["on"] = [(asked.question.about(on=key), words) for key, words in found]


async def fields(asked: Asked) -> dict[str, Any]:
    """All that the form's template needs; the looked-up values are shown in words."""
    lang = spoken()
    await _say(asked, lang)
    permission = asked.permission
    compiled = asked.chosen.compiled if asked.chosen else None
    wanted = asked_attributes(compiled, permission) if compiled and permission else []
    kinds = records.kinds_for(permission.resource) if permission else []
    others = [name for name in ATTRIBUTES if name not in wanted]
    return {
        "form": asked.form,
        "question": asked.question,
        "choices": asked.choices,
        "people": await _people(lang),
        "permissions": [
            (f"{each.describe(lang)} ({each})", area.words.say(lang))
            for area in AREAS
            for found in by_resource(area.name).values()
            for each in found
        ],
        "record_kinds": [str(kind.label) for kind in kinds],
        "records_offered": [
            f"{each.words} ({kind.name}:{each.key})"
            for kind in kinds
            for each in await kind.search("")
        ],
        "record": asked.record,
        "told": _told(asked),
        "groups": _groups(asked, lang),
        "policies": await offered(),
        "asked_facts": asked_facts(compiled, permission) if compiled and permission else set(),
        "asked_attributes": [_attribute(name, lang) for name in wanted],
        "other_attributes": [_attribute(name, lang) for name in others],
        "SELF": SELF,
        "NO_ONE": NO_ONE,
    }


async def _say(asked: Asked, lang: Language) -> None:
    """Put names beside the keys in the fields; what could not be looked up stays as it was typed."""
    values, question = asked.form.values, asked.question
    wanted = {getattr(question, name) for name in ("who", *PERSON_FIELDS)}
    wanted.update(question.parties.split(","))
    called = {each.key: each.words for each in await _called(wanted)}
    themselves, no_one = _("the person themselves"), _("nobody")
    called |= {subject: f"{subject_words(subject, lang)} ({subject})" for subject in NOT_PEOPLE} | {
        SELF: f"{themselves} ({SELF})",
        NO_ONE: f"{no_one} ({NO_ONE})",
    }
    for name in ("who", *PERSON_FIELDS):
        key = getattr(question, name)
        if key and name not in asked.form.errors:
            values[name] = called.get(key, key)
    if question.parties and "parties" not in asked.form.errors:
        values["parties"] = _(", ").join(
            called.get(name, name) for name in question.parties.split(",")
        )
    if asked.permission:
        values["what"] = f"{asked.permission.describe(lang)} ({asked.permission})"
    if asked.record:
        values["on"] = f"{asked.record.found.words} ({question.on})"


async def _called(usernames: set[str]) -> list[Found]:
    rows = await db.fetch(
        "SELECT a.username, p.name FROM account a JOIN person p ON p.id = a.person WHERE a.username = ANY ($1)",
        list(usernames),
    )
    return [Found(row["username"], f"{row['name']} ({row['username']})") for row in rows]


async def _people(lang: Language) -> list[str]:
    rows = await db.fetch(
        "SELECT a.username, p.name FROM account a JOIN person p ON p.id = a.person "
        "ORDER BY a.username LIMIT $1",
        PEOPLE_OFFERED,
    )
    return [
        *(f"{subject_words(subject, lang)} ({subject})" for subject in (VISITOR, NEWCOMER)),
        *(f"{row['name']} ({row['username']})" for row in rows),
    ]


def _told(asked: Asked) -> list[tuple[str, str]]:
    """What the record tells by itself."""
    if asked.record is None:
        return []
    told = asked.record.facts
    lang = spoken()
    found = [
        (words, name or _("nobody"))
        for words, name in (
            (_("Owner"), told.owner),
            (_("Requester"), told.requester),
            (_("Group"), told.group),
        )
        if name is not None
    ]
    for name, value in told.attributes.items():
        attribute = ATTRIBUTES.get(name)
        if attribute is not None:
            known = attribute.values.get(str(value))
            found.append(
                (attribute.words.say(lang), known.say(lang) if known else shown(name, value))
            )
    return found


def _groups(asked: Asked, lang: Language) -> list[tuple[str, str]]:
    """The groups that the policy or its words know."""
    policy = asked.chosen.compiled.policy if asked.chosen else None
    named = (
        {grant.group for grant in policy.grants} | {rule.group for rule in policy.rules}
        if policy
        else set()
    )
    named |= {*GROUPS, asked.question.group}
    return [(name, group_words(name, lang)) for name in sorted(named - {EVERY, "", NO_ONE})]


@dataclass(frozen=True, slots=True)
class AttributeField:
    name: str
    words: str
    kind: str
    money: bool
    options: tuple[tuple[str, str], ...]
    open: bool


def _attribute(name: str, lang: Language) -> AttributeField:
    attribute: Attribute = ATTRIBUTES[name]
    options: tuple[tuple[str, str], ...] = tuple(
        (value, words.say(lang)) for value, words in attribute.values.items()
    )
    if attribute.kind is Kind.TRUTH:
        options = (("yes", _("yes")), ("no", _("no")))
    return AttributeField(
        f"{ATTRIBUTE}{name}",
        _label(attribute, lang),
        attribute.kind.value,
        attribute.money,
        options,
        attribute.open or (attribute.kind is Kind.TEXT and not attribute.values),
    )


def _label(attribute: Attribute, lang: Language) -> str:
    """The words of an attribute as those of a field: "The amount" is "Amount"."""
    words = attribute.words.say(lang).removeprefix("the ")
    return words[0].upper() + words[1:]
