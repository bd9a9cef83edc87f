"""Facts that are kept and read again are the same facts."""

import json
from random import Random

from rbac.facts import NOTHING_KNOWN, Facts, as_plain, from_plain
from tests.rbac.generated import a_record


def test_kept_facts_are_read_as_they_were() -> None:
    random = Random(7)  # noqa: S311
    for _ in range(200):
        facts = a_record(random)
        assert from_plain(json.loads(json.dumps(as_plain(facts)))) == facts
    assert as_plain(NOTHING_KNOWN) == {}


def test_what_rules_cannot_ask_for_is_not_kept() -> None:
    facts = Facts(
        attributes={"phone": "13800000000", "amount": 3.5, "kind": "x" * 61, "final": True}
    )
    assert as_plain(facts) == {"attributes": {"final": True}}


def test_what_was_written_otherwise_is_not_known() -> None:
    assert from_plain({"owner": 3, "parties": "ann", "attributes": []}) == NOTHING_KNOWN
