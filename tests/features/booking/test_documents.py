from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core.resident_id import check_character
from portal.features.booking.rules import documents
from portal.features.booking.rules.documents import Document, tidy

TODAY = date(2026, 11, 24)
FOREIGN_PR = "91184019491231002"  # Beijing, of the United States
FOREIGN_PR += check_character(FOREIGN_PR)


@pytest.mark.charter("BK-3")
@pytest.mark.parametrize(
    ("id_type", "number"),
    [
        ("resident_id", "11010519491231002x"),
        ("resident_id", "810000199408230021"),
        ("hmt_residence_permit", "830000199201300022"),
        ("hk_macau_permit", "h12345678"),
        ("hk_macau_permit", "M1234567801"),
        ("taiwan_permit", "12345678"),
        ("taiwan_permit", "1234567801"),
        ("passport", "e 1234-5678"),
        ("foreign_pr", FOREIGN_PR),
        ("foreign_pr", "USA123456789012"),
    ],
)
def test_good_documents_of_every_type_are_accepted(id_type: str, number: str) -> None:
    assert documents.error(tidy(id_type, number), TODAY) is None


@pytest.mark.parametrize(
    ("id_type", "number", "code"),
    [
        *((id_type, " ", "required") for id_type in documents.ID_TYPES),
        ("resident_id", "110105194912310021", "id-check"),
        ("hmt_residence_permit", "11010519491231002X", "residence-permit-form"),
        ("hmt_residence_permit", "830000199201300023", "id-check"),
        ("hk_macau_permit", "C12345678", "hk-macau-permit-form"),
        ("hk_macau_permit", "H123456780", "hk-macau-permit-form"),
        ("taiwan_permit", "1234567", "taiwan-permit-form"),
        ("passport", "A123", "passport-form"),
        ("passport", "A" * 16, "passport-form"),
        ("passport", "护照12345", "passport-form"),
        ("foreign_pr", "USA12345678901", "foreign-pr-form"),
        ("foreign_pr", FOREIGN_PR[:16] + "9" + FOREIGN_PR[17], "id-check"),
        ("library_card", "12345", "not-a-choice"),
    ],
)
def test_what_is_wrong_with_a_document_is_named(id_type: str, number: str, code: str) -> None:
    assert documents.error(tidy(id_type, number), TODAY) == code


@pytest.mark.charter("BK-3")
@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("hk_macau_permit", "H12345678"), ("hk_macau_permit", "h1234567802")),
        (("taiwan_permit", "12345678"), ("taiwan_permit", "12345678 03")),
        (("resident_id", "830000199201300022"), ("hmt_residence_permit", "830000199201300022")),
        (("resident_id", "11010519491231002X"), ("resident_id", "１１０１０５ 19491231 002x")),
        (("passport", "E12345678", "chn"), ("passport", "e1234 5678", " CHN ")),
    ],
)
def test_the_same_document_has_one_identity(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    assert documents.identity(tidy(*one)) == documents.identity(tidy(*other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("passport", "E12345678", "USA"), ("passport", "E12345678", "FRA")),
        (("taiwan_permit", "12345678"), ("passport", "12345678")),
        (("hk_macau_permit", "H12345678"), ("hk_macau_permit", "M12345678")),
        (("hk_macau_permit", "H12345678"), ("passport", "H12345678")),
    ],
)
def test_different_documents_have_different_identities(
    one: tuple[str, ...], other: tuple[str, ...]
) -> None:
    assert documents.identity(tidy(*one)) != documents.identity(tidy(*other))


def test_only_a_passport_has_a_country() -> None:
    assert tidy("resident_id", "11010519491231002X", "CHN").country == ""
    assert tidy("passport", "E12345678", " usa").country == "USA"


@pytest.mark.parametrize(
    ("country", "code"),
    [("", None), ("USA", None), ("US", "country-form"), ("U5A", "country-form")],
)
def test_a_country_has_three_letters(country: str, code: str | None) -> None:
    assert documents.country_error(tidy("passport", "E12345678", country)) == code


@pytest.mark.parametrize(
    ("document", "born"),
    [
        (Document("resident_id", "11010519491231002X"), date(1949, 12, 31)),
        (Document("hmt_residence_permit", "830000199201300022"), date(1992, 1, 30)),
        (Document("foreign_pr", "USA123456789012"), None),
        (Document("passport", "110105194912310021"), None),
        (Document("taiwan_permit", "12345678"), None),
    ],
)
def test_the_birth_date_is_read_where_the_number_tells_it(
    document: Document, born: date | None
) -> None:
    assert documents.birth_date(document) == born


@given(st.sampled_from(documents.ID_TYPES), st.text(max_size=25), st.text(max_size=5))
def test_no_text_upsets_the_checks(id_type: str, number: str, country: str) -> None:
    document = tidy(id_type, number, country)
    if documents.error(document, TODAY) is None:
        assert document.number.isascii()
        assert documents.identity(document)
        born = documents.birth_date(document)
        assert born is None or born <= TODAY


@pytest.mark.parametrize(
    ("id_type", "number", "area"),
    [
        ("resident_id", "11010519491231002X", "110105"),
        ("hmt_residence_permit", "830000199201300022", ""),
        ("passport", "E12345678", ""),
        ("resident_id", "", ""),
    ],
)
def test_only_a_resident_number_tells_where_it_was_issued(
    id_type: str, number: str, area: str
) -> None:
    assert documents.area(Document(id_type, number)) == area
