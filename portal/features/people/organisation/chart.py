"""The chart as a drawing: where each box stands and how the lines run. Pure geometry in the units of the drawing.

Whoever leads somebody stands above them. Those who lead nobody stand in columns by unit, so that the chart stays
narrow. A solid line runs along the inner side of a column, a dual line dashed along the outer side, so that none runs
through a box; lines are drawn first, and boxes cover what still crosses.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

BOX: Final = 158  # the width of a box
TALL: Final = 58  # of somebody who leads
LOW: Final = 46  # in a column
STEP: Final = 54  # from one box of a column to the next
GUTTER: Final = 11  # beside a column, for its lines
COLUMN: Final = BOX + 2 * GUTTER
GAP: Final = 5  # between two columns
RISE: Final = 34  # between two levels
HEADING: Final = 20  # above a column
MARGIN: Final = 8
MOST_IN_COLUMN: Final = 8
PACKED: Final = 6  # small units share a column up to here
HAN: Final = 0x2E80
LATIN: Final = 0.56
SQUEEZED: Final = 1.2  # letters set this much narrower are still good to read


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody, or a vacant post (``username`` empty). ``unit`` orders and colours, ``rank`` orders within it."""

    key: str
    name: str
    post: str
    unit: int
    rank: int
    superior: str | None
    duals: tuple[str, ...] = ()
    vacant: int = 0
    id: int = 0


@dataclass(frozen=True, slots=True)
class Box:
    person: Person
    x: float
    y: float
    height: float
    leads: bool

    @property
    def middle(self) -> float:
        return self.x + BOX / 2

    @property
    def waist(self) -> float:
        return self.y + self.height / 2


@dataclass(frozen=True, slots=True)
class Heading:
    unit: int
    x: float
    y: float


@dataclass(slots=True)
class Drawing:
    """``solid`` and ``dual`` are SVG paths."""

    width: float = 0
    height: float = 0
    boxes: list[Box] = field(default_factory=list)
    headings: list[Heading] = field(default_factory=list)
    solid: list[str] = field(default_factory=list)
    dual: list[str] = field(default_factory=list)
    _columns: list[tuple["_Column", str]] = field(default_factory=list)


@dataclass(slots=True)
class _Column:
    people: list[Person]
    headed: bool
    outer: int = 1  # the side of the dual lines: 1 right, -1 left
    boxes: list[Box] = field(default_factory=list)

    @property
    def width(self) -> float:
        return COLUMN


@dataclass(slots=True)
class _Branch:
    person: Person
    parts: list["_Branch | _Column"] = field(default_factory=list)

    @property
    def width(self) -> float:
        inside = sum(part.width for part in self.parts) + GAP * max(len(self.parts) - 1, 0)
        return max(float(COLUMN), inside)


def draw(people: Sequence[Person]) -> Drawing:
    """Draw everybody. Those without a superior stand at the top, the one with the most people first."""
    known = {person.key for person in people}
    led: dict[str | None, list[Person]] = {}
    for person in people:
        led.setdefault(person.superior if person.superior in known else None, []).append(person)
    drawing = Drawing()
    tops = [_branch(person, led) for person in led.get(None, ()) if person.key in led]
    loose = [person for person in led.get(None, ()) if person.key not in led]
    tops.sort(key=lambda branch: -branch.width)
    x = float(MARGIN)
    parts: list[_Branch | _Column] = [*tops, *_columns(loose)]
    for part in parts:
        _place(drawing, part, x, MARGIN, None)
        x += part.width + GAP
    _dual_lines(drawing)
    drawing.width = max(x - GAP + MARGIN, COLUMN)
    drawing.height = max((box.y + box.height for box in drawing.boxes), default=0) + MARGIN
    return drawing


def _branch(person: Person, led: Mapping[str | None, list[Person]]) -> _Branch:
    branch = _Branch(person)
    own = sorted(led.get(person.key, ()), key=lambda other: (other.unit, other.rank, other.key))
    branches = [_branch(other, led) for other in own if other.key in led]
    columns = _columns([other for other in own if other.key not in led])
    left = len(columns) // 2 + (len(columns) % 2 if len(branches) == 1 else 0)
    branch.parts = [*columns[:left], *branches, *columns[left:]] if branches else list(columns)
    return branch


def _columns(people: Iterable[Person]) -> list[_Column]:
    """By unit, long ones divided; units of one or two share a column, which then has no heading."""
    units: dict[int, list[Person]] = {}
    for person in people:
        units.setdefault(person.unit, []).append(person)
    columns: list[_Column] = []
    packed: list[Person] = []
    for own in units.values():
        if len(own) <= 2:  # noqa: PLR2004
            if len(packed) + len(own) > PACKED:
                columns.append(_packed(packed))
                packed = []
            packed += own
            continue
        parts = -(-len(own) // MOST_IN_COLUMN)
        size = -(-len(own) // parts)
        columns += [
            _Column(own[start : start + size], headed=True) for start in range(0, len(own), size)
        ]
    return [*([_packed(packed)] if packed else []), *columns]


def _packed(people: list[Person]) -> _Column:
    return _Column(people, headed=len({person.unit for person in people}) == 1)


def _place(
    drawing: Drawing, part: _Branch | _Column, x: float, y: float, above: Box | None
) -> None:
    if isinstance(part, _Column):
        _place_column(drawing, part, x, y, above)
        return
    box = Box(part.person, x + (part.width - BOX) / 2, y, TALL, leads=True)
    drawing.boxes.append(box)
    if above:
        channel = y - RISE / 2
        drawing.solid.append(
            f"M{above.middle:g} {above.y + above.height:g}V{channel:g}H{box.middle:g}V{y:g}"
        )
    inside = sum(each.width for each in part.parts) + GAP * max(len(part.parts) - 1, 0)
    start = x + (part.width - inside) / 2
    for each in part.parts:
        _place(drawing, each, start, y + TALL + RISE, box)
        start += each.width + GAP


def _place_column(drawing: Drawing, column: _Column, x: float, y: float, above: Box | None) -> None:
    left = x + GUTTER
    if above is not None and left + BOX / 2 < above.middle:
        column.outer = -1
    top = y
    if column.headed:
        drawing.headings.append(Heading(column.people[0].unit, left, y + HEADING - 6))
        top += HEADING
    for number, person in enumerate(column.people):
        box = Box(person, left, top + number * STEP, LOW, leads=False)
        column.boxes.append(box)
        drawing.boxes.append(box)
    drawing._columns.append((column, above.person.key if above else ""))  # noqa: SLF001  its own module
    if above is None:
        return
    spine = left - GUTTER / 2 if column.outer > 0 else left + BOX + GUTTER / 2
    edge = left if column.outer > 0 else left + BOX
    channel = y - RISE / 2
    drawing.solid.append(
        f"M{above.middle:g} {above.y + above.height:g}V{channel:g}H{spine:g}V{column.boxes[-1].waist:g}"
    )
    drawing.solid += [f"M{spine:g} {box.waist:g}H{edge:g}" for box in column.boxes]


def _dual_lines(drawing: Drawing) -> None:
    """One dashed line for all of a column who share a dual superior, and one for each who leads."""
    by_key = {box.person.key: box for box in drawing.boxes}
    for column, _above in drawing._columns:  # noqa: SLF001
        shared: dict[str, list[Box]] = {}
        for box in column.boxes:
            for name in box.person.duals:
                if name in by_key:
                    shared.setdefault(name, []).append(box)
        for number, (name, boxes) in enumerate(shared.items()):
            edge = boxes[0].x + (BOX if column.outer > 0 else 0)
            spine = edge + column.outer * (GUTTER / 2 + 4 * number)
            drawing.dual.append(_upward(by_key[name], spine, boxes[-1].waist))
            drawing.dual += [f"M{spine:g} {box.waist:g}H{edge:g}" for box in boxes]
    for box in drawing.boxes:
        if box.leads:
            for number, name in enumerate(box.person.duals):
                if name in by_key:
                    edge = box.x + BOX
                    spine = edge + GUTTER / 2 + 4 * number
                    drawing.dual.append(_upward(by_key[name], spine, box.waist))
                    drawing.dual.append(f"M{spine:g} {box.waist:g}H{edge:g}")


def _upward(superior: Box, spine: float, lowest: float) -> str:
    """From the side of the superior's box to the spine, and down it."""
    side = superior.x + BOX if spine > superior.middle else superior.x
    return f"M{side:g} {superior.waist:g}H{spine:g}V{lowest:g}"


def fitted(text: str, room: float, size: float) -> tuple[str, bool]:
    """What of a text goes into a box, and whether it must be squeezed a little: drawings do not wrap.

    Han characters are as wide as they are high, Latin ones a little more than half.
    """
    used, fits = 0.0, len(text)
    for place, letter in enumerate(text):
        used += size if ord(letter) >= HAN else size * LATIN
        if used > room:
            fits = min(fits, place)
    if used > room * SQUEEZED:
        return text[: max(fits - 1, 0)] + "…", False
    return text, used > room
