"""Every pair of colours that stands on one another can be read: 7 for running text, 4.5 for the rest, 3 for lines."""

import re

import pytest

from portal.web.assets import ROOT

CSS = (ROOT / "css/tokens.css").read_text("utf-8")
GROUNDS = ("paper", "paper-2", "card")
PAIRS = [
    *((ink, ground, 7) for ink in ("ink", "ink-2") for ground in GROUNDS),
    *(("ink", ground, 7) for ground in ("pine-pale", "ochre-pale", "cinnabar-pale", "mist")),
    *((ink, ground, 4.5) for ink in ("pine", "cinnabar", "ochre") for ground in GROUNDS),
    *((name, f"{name}-pale", 4.5) for name in ("pine", "cinnabar", "ochre")),
    ("on-pine", "pine", 4.5),
    ("on-pine", "pine-deep", 4.5),
    *(("line-strong", ground, 3) for ground in GROUNDS),
    *(("focus", ground, 3) for ground in GROUNDS),
]


def palettes() -> dict[str, dict[str, str]]:
    light, by_system, by_choice = (
        dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6});", block))
        for block in re.findall(r"color-scheme: \w+;(.*?)\}", CSS, flags=re.DOTALL)
    )
    return {
        "light": light,
        "dark by the system": light | by_system,
        "dark by choice": light | by_choice,
    }


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) > 4 else "".join(2 * digit for digit in colour[1:])
    channels = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize(("front", "ground", "least"), PAIRS)
@pytest.mark.parametrize("palette", palettes())
def test_a_pair_can_be_read(palette: str, front: str, ground: str, least: float) -> None:
    colours = palettes()[palette]
    assert contrast(colours[front], colours[ground]) >= least


def test_both_ways_to_darkness_are_the_same() -> None:
    made = palettes()
    assert made["dark by the system"] == made["dark by choice"]
