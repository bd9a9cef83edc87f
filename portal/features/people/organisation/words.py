"""What the organisation's codes say: what is wrong with a form, what kind of change, in which state."""

from typing import Final

from portal.core.i18n import LazyText, _l

WORDS: Final[dict[str, LazyText]] = {
    "no-such-person": _l("Please choose somebody with an open account."),
    "already-proposed": _l(
        "A change for this person is waiting already. Settle or withdraw it first."
    ),
    "later-change": _l("A later change of this person is released already. Choose a day after it."),
    "day-is-over": _l("This day is over. Choose today or a later day."),
    "day-too-far": _l("Please choose a day within the next twelve months."),
    "ends-before": _l("The end must come after the beginning."),
    "acting-too-long": _l("A deputy stands in for six months at most."),
    "not-active": _l("%(people)s is not here on that day."),
    "leaves": _l("%(people)s leaves: please choose somebody who stays."),
    "oneself": _l(
        "Nobody reports to themselves, takes over from themselves or stands in for themselves."
    ),
    "same-superior": _l(
        "A dual line leads to somebody else than the solid line, and to nobody twice."
    ),
    "has-a-post": _l("This person holds a post. Choose “move to another post” instead."),
    "has-no-post": _l("This person holds no post yet. Choose “join” instead."),
    "nothing-changes": _l("This would change nothing."),
    "circle": _l("The lines would run in a circle: %(people)s."),
    "too-many-steps": _l("The chain would be too long: %(people)s."),
    "superior-needed": _l("Everybody but the top has a superior on a solid line."),
    "left-without-superior": _l("Left without a superior: %(people)s. Say who takes them over."),
    "stale": _l("The policy has just become another. Look at the change once more."),
    "not-scheduled": _l("Only a released change whose day has not come can be called off."),
    "does-not-hold": _l("The policy would not hold with these lines."),
    "code-form": _l("A code has 2 to 40 lower-case letters, digits or underscores."),
    "code-taken": _l("This code is taken."),
    "outdated": _l(
        "Somebody changed this meanwhile. Your text is still here: compare it with the page and save again."
    ),
    "duties-differ": _l("Both languages need the same number of duties, one in a line."),
    "unknown-role": _l("The policy in force has no such role."),
    "groups-form": _l("Groups are codes with commas between them, or * for everywhere."),
}

KINDS: Final[dict[str, LazyText]] = {
    "transfer": _l("Move to another post or superior"),
    "join": _l("Join"),
    "leave": _l("Leave"),
    "acting": _l("Stand in for somebody"),
}

#: Beside those that HR can begin with.
ALL_KINDS: Final[dict[str, LazyText]] = {**KINDS, "recall": _l("Call a change off")}

STATES: Final[dict[str, tuple[LazyText, str]]] = {
    "proposed": (_l("waits for release"), "waiting"),
    "scheduled": (_l("released, not yet effective"), "warning"),
    "done": (_l("in force"), "good"),
    "withdrawn": (_l("withdrawn"), ""),
    "refused": (_l("refused"), "bad"),
    "recalled": (_l("called off"), ""),
}
