"""The policy as a table of roles and permissions, held against what the policy decides."""

import pytest

from rbac.areas import AREAS, ROLE_SETS, area_of, by_resource, resource_words
from rbac.cells import State, Table, is_plain, plain_rule, subjects_of
from rbac.compiled import CompiledPolicy
from rbac.lines import Grant, Inclusion
from rbac.permissions import RESOURCES, Permission
from rbac.policy import Policy, shipped_policy

SHIPPED = shipped_policy()


def table(*lines: str) -> Table:
    return Table(Policy.parse("\n".join(lines)))


def test_each_resource_lies_in_one_area_and_has_words() -> None:
    named = [resource for area in AREAS for resource in area.resources]
    assert sorted(named) == sorted(RESOURCES)
    for area in AREAS:
        for resource in area.resources:
            assert area_of(resource) == area.name
            assert resource_words(resource, "zh") != resource_words(resource, "en")
    assert area_of("planet") == AREAS[-1].name
    assert resource_words("planet", "zh") == "planet"


def test_the_areas_hold_every_permission_once() -> None:
    held = [
        permission
        for area in AREAS
        for permissions in by_resource(area.name).values()
        for permission in permissions
    ]
    assert sorted(held) == sorted(Permission)


def test_the_sets_hold_every_role_that_comes_with_the_policy_once() -> None:
    named = [subject for each in ROLE_SETS for subject in each.subjects]
    assert len(named) == len(set(named))
    assert set(named) == set(subjects_of(SHIPPED))


def test_roles_of_ones_own_stand_after_the_known() -> None:
    policy = Policy.parse("p, role:zoo, *, risk, read, any, , allow\ng, role:ape, role:manager, *")
    assert subjects_of(policy) == ("role:manager", "role:ape", "role:zoo")


def test_a_cell_tells_always_sometimes_never_and_whence() -> None:
    seen = table(
        "p, role:specialist, *, risk, read, any, , allow",
        "p, role:specialist, *, risk, create, owner, , allow",
        "p, role:manager, operations, risk, export, any, , allow",
        "p, role:director, *, risk, export, any, , allow",
        "p, role:director, *, risk, export, any, amount > 3, deny",
        "p, role:specialist, *, risk, treat, any, , deny",
        "p, role:director, *, risk, treat, any, , allow",
        "g, role:manager, role:specialist, *",
        "g, role:director, role:manager, *",
    )
    plain = seen.cell("role:specialist", "risk:read")
    assert (plain.state, plain.source, plain.ticked) == (State.ALLOWED, "", True)
    inherited = seen.cell("role:director", "risk:read")
    assert inherited[:3] == (State.ALLOWED, "role:specialist", False)
    assert inherited.rules == ()
    assert seen.cell("role:manager", "risk:create")[:2] == (State.CONDITIONAL, "role:specialist")
    assert seen.cell("role:manager", "risk:export")[:3] == (State.CONDITIONAL, "", False)
    both = seen.cell("role:director", "risk:export")
    assert (both.state, both.ticked, both.refused) == (State.ALLOWED, True, True)
    assert len(both.rules) == 2
    assert seen.cell("role:specialist", "risk:treat")[:2] == (State.DENIED, "")
    over = seen.cell("role:director", "risk:treat")
    assert over[:3] == (State.DENIED, "role:specialist", True)  # ticked, and yet refused
    assert seen.cell("role:manager", "risk:review").state is State.NONE
    assert seen.included("role:director") == ("role:manager", "role:specialist")
    assert seen.included("role:specialist") == ()


def test_the_nearest_always_wins_over_the_own_sometimes() -> None:
    seen = table(
        "p, role:staff, *, risk, read, any, , allow",
        "p, role:staff, *, risk, create, any, amount > 3, deny",
        "p, role:colleague, *, risk, read, owner, , allow",
        "g, role:colleague, role:staff, *",
    )
    assert seen.cell("role:colleague", "risk:read")[:2] == (State.ALLOWED, "role:staff")
    assert seen.cell("role:colleague", "risk:create")[:2] == (State.PARTLY_DENIED, "role:staff")
    assert not seen.cell("role:colleague", "risk:create").refused


def test_rules_for_everything_count_in_each_cell() -> None:
    seen = table("p, role:staff, *, *, *, any, , allow", "p, role:staff, *, *, read, any, , deny")
    assert seen.cell("role:staff", "risk:create")[:3] == (State.ALLOWED, "", False)
    assert seen.cell("role:staff", "risk:read").state is State.DENIED


def test_what_a_visitor_is_counts_as_included() -> None:
    seen = Table(SHIPPED)
    assert seen.cell("visitor", "public:read")[:2] == (State.ALLOWED, "role:public")
    assert seen.cell("visitor", "setup:run").ticked


def test_a_tick_is_the_plain_rule() -> None:
    rule = plain_rule("role:manager", "risk:read")
    assert is_plain(rule)
    assert not is_plain(rule._replace(group="operations"))
    assert not is_plain(rule._replace(condition="final"))
    assert not is_plain(rule._replace(relation="owner"))


@pytest.mark.charter("PO-2")
def test_the_table_says_what_the_policy_decides() -> None:
    """Each role held by one person in a group no rule names: allowed always, never, or depending."""
    roles = [name for name in subjects_of(SHIPPED) if name.startswith("role:")]
    policy = SHIPPED.with_grants(Grant(name[5:], name, "nowhere") for name in roles)
    compiled, seen = CompiledPolicy(policy), Table(SHIPPED)
    for role in roles:
        for permission in Permission:
            cell = seen.cell(role, permission)
            person = role[5:]
            told = f"{role} {permission} {cell}"
            if cell.state is State.ALLOWED and not cell.refused:
                assert compiled.decide(person, permission).allowed, told
            elif cell.state in (State.NONE, State.PARTLY_DENIED, State.DENIED):
                assert not compiled.may_ever(person, permission), told
            elif cell.state is State.CONDITIONAL:
                assert not compiled.decide(person, permission).allowed, told


def test_an_inclusion_shows_at_once() -> None:
    more = Policy(
        SHIPPED.rules,
        (*SHIPPED.inclusions, Inclusion("role:gate", "role:window")),
        SHIPPED.grants,
        SHIPPED.reports,
    )
    assert Table(SHIPPED).cell("role:gate", "window_sale:create").state is State.NONE
    assert Table(more).cell("role:gate", "window_sale:create").source == "role:window"
