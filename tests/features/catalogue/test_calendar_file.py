from datetime import date

import pytest

from portal.features.catalogue import calendar_file
from portal.features.catalogue.rules.holidays import CalendarDay

DAY = date(2027, 10, 1)


def test_a_file_is_read_with_or_without_heads() -> None:
    row = "2027-10-01,public_holiday,国庆节,National Day,yes"
    expected = [CalendarDay(DAY, "public_holiday", "国庆节", "National Day", confirmed=True)]
    assert calendar_file.parse(row) == (expected, [])
    assert calendar_file.parse(f"date,kind,name_zh,name_en,confirmed\n{row}\n\n") == (expected, [])


def test_heads_say_which_column_is_which_and_may_be_chinese() -> None:
    text = "已确认,名称,日期,类型\n否,国庆节,2027年10月1日,节假日\n"
    days, wrong = calendar_file.parse(text)
    assert wrong == []
    assert days == [CalendarDay(DAY, "public_holiday", "国庆节", "国庆节", confirmed=False)]


@pytest.mark.parametrize("typed", ["2027-10-01", "2027/10/1", "2027.10.01", "2027年10月1日"])
def test_a_date_is_read_as_people_write_it(typed: str) -> None:
    [day], wrong = calendar_file.parse(f"{typed},free_day")
    assert (day.day, day.confirmed, wrong) == (DAY, True, [])


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("2027-02-30,public_holiday", "row-date"),
        (",public_holiday", "row-date"),
        ("2027-10-01", "row-kind"),
        ("2027-10-01,party", "row-kind"),
        ("2027-10-01,free_day," + "长" * 61, "row-name"),
        ("2027-10-01,free_day,名,name,perhaps", "row-confirmed"),
    ],
)
def test_a_wrong_row_is_named_with_its_line(row: str, code: str) -> None:
    days, wrong = calendar_file.parse(f"2027-01-01,public_holiday\n{row}\n")
    assert len(days) == 1
    assert [(found.line, found.code) for found in wrong] == [(2, code)]
    assert wrong[0].words


def test_a_day_stands_in_a_file_once() -> None:
    days, wrong = calendar_file.parse("2027-01-01,free_day\n2027/1/1,public_holiday\n")
    assert len(days) == 1
    assert wrong[0].code == "row-twice"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "file-empty"),
        ("\n ,\n", "file-empty"),
        ("date,kind\n", "file-empty"),
        ("2027-01-01,free_day\n" * 1001, "file-long"),
    ],
)
def test_a_file_of_nothing_or_too_much_is_refused(text: str, code: str) -> None:
    with pytest.raises(ValueError, match=code):
        calendar_file.parse(text)
