"""A policy as files and back (PO-7)."""

import io
import zipfile

import casbin
import pytest

from rbac.bundle import LINES, MODEL, BadBundle, is_packed, model_text, pack, unpack
from rbac.policy import Policy, shipped_policy
from tests.rbac.generated import a_policy

pytestmark = pytest.mark.charter("PO-7")


@pytest.mark.parametrize("seed", range(5))
def test_what_is_packed_comes_back_the_same(seed: int) -> None:
    for policy in (a_policy(seed), shipped_policy(demo=True)):
        text = unpack(pack(policy.text))
        assert text == policy.text
        assert Policy.parse(text).lines == policy.lines


def test_the_model_is_one_that_casbin_reads() -> None:
    made = casbin.Model()
    made.load_model_from_text(model_text())
    assert made.model["p"]["p"].tokens[0] == "p_sub"


def test_the_same_policy_is_the_same_file() -> None:
    assert pack("p, x") == pack("p, x")
    assert is_packed(pack("p, x"))
    assert not is_packed(b"p, x")
    with zipfile.ZipFile(io.BytesIO(pack("p, x"))) as archive:
        assert archive.namelist() == [MODEL, LINES]


def _zip(name: str, body: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, body)
    return packed.getvalue()


@pytest.mark.parametrize(
    "octets",
    [
        b"PK nothing of the sort",
        _zip("other.csv", b"p, x"),
        _zip(LINES, b"\xff\xfe"),
        _zip(LINES, b"0" * 3_000_000),
        pack("p, x")[:-30],
    ],
)
def test_what_is_no_bundle_is_refused(octets: bytes) -> None:
    with pytest.raises(BadBundle):
        unpack(octets)
