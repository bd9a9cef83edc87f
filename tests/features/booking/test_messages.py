import re
from pathlib import Path

import pytest

import portal
from portal.core import i18n
from portal.features.booking.messages import WORDS

RULES = [
    *(Path(portal.__file__).parent / "features/booking/rules").glob("*.py"),
    *(Path(portal.__file__).parent / "core" / name for name in ("text.py", "resident_id.py")),
]
# The words of these stand with the fields of every form.
OF_ALL_FORMS = {"required", "not-a-choice"}


@pytest.mark.parametrize("code", sorted(WORDS))
def test_every_code_speaks_both_languages(code: str) -> None:
    message = repr(WORDS[code])[len("LazyText(") + 1 : -2]
    chinese = i18n.catalogue("zh").gettext(message)
    assert chinese != message
    assert re.findall(r"%\(\w+\)s", chinese) == re.findall(r"%\(\w+\)s", message)


def test_every_code_of_the_rules_has_words() -> None:
    codes = {
        code
        for path in RULES
        for code in re.findall(
            r'(?:return|else|if .* else) "([a-z]+(?:-[a-z]+)+)"', path.read_text()
        )
    }
    assert len(codes) > 10
    assert codes - OF_ALL_FORMS <= set(WORDS)
