"""Tables of other programs are read as they are, and nothing that looks like one can hurt."""

import zipfile
from datetime import date

import pytest

from alcove.clinic.clients.queries import mapping, tables
from alcove.clinic.clients.queries.tables import shape, sheets, text
from alcove.clinic.clients.tests import workbooks

HEADING = "First name,Last name,Email\n"


def opened(path, **options):
    return tables.open_table(path, mapping.is_known, **options)


def rows_of(path, **options):
    return [row.cells for row in opened(path, **options).rows()]


def written(tmp_path, content, encoding="utf-8"):
    path = tmp_path / "table.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_a_file_is_read_in_whatever_encoding_it_was_saved(tmp_path, encoding):
    path = written(
        tmp_path, HEADING + "Zoë,Müller-Peña,zoe@example.org\nŽaneta,Œuvrard,z@example.org\n", encoding
    )
    assert rows_of(path) == [
        ("Zoë", "Müller-Peña", "zoe@example.org"),
        ("Žaneta", "Œuvrard", "z@example.org"),
    ]


def test_windows_1252_is_a_guess_and_said_so_and_another_encoding_can_be_given(tmp_path):
    path = written(tmp_path, HEADING + "Małgorzata,Wójcik,m@example.org\n", "cp1250")
    assert any("--encoding" in notice for notice in opened(path).notices)
    assert rows_of(path, encoding="cp1250")[0][:2] == ("Małgorzata", "Wójcik")
    with pytest.raises(tables.Unreadable, match="no encoding of that name"):
        opened(path, encoding="klingon")


def test_one_damaged_letter_does_not_turn_a_utf8_file_into_another_encoding(tmp_path):
    good = "Zoë,Müller,zoe@example.org\nÉmilie,Peña,e@example.org\n".encode()
    table = opened(written(tmp_path, HEADING.encode() + good + b"Ann\xff,Lee,a@example.org\n"))
    faults = [row.fault for row in table.rows()]
    assert faults[:2] == ["", ""]
    assert "damaged" in faults[2]


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(tmp_path, sign):
    content = (
        HEADING.replace(",", sign) + sign.join(['"Lee; Ann, the | second"', "Lee", "a@example.org"]) + "\n"
    )
    assert rows_of(written(tmp_path, content)) == [("Lee; Ann, the | second", "Lee", "a@example.org")]


def test_excels_own_line_about_the_delimiter_is_not_a_row(tmp_path):
    table = opened(written(tmp_path, "sep=;\r\nFirst name;Last name\r\nAnn;Lee\r\n"))
    assert [(row.number, row.line, row.cells) for row in table.rows()] == [(3, 3, ("Ann", "Lee"))]


def test_line_breaks_inside_quotes_belong_to_the_cell_and_rows_keep_their_lines(tmp_path):
    content = 'First name,Last name,Notes\r\nAnn,Lee,"one\r\ntwo ""quoted"", three"\r\n\r\nBob,Ray,x\r\n'
    rows = list(opened(written(tmp_path, content)).rows())
    assert [(row.number, row.line) for row in rows] == [(2, 2), (4, 5)]
    assert rows[0].cells[2] == 'one\r\ntwo "quoted", three'


def test_a_lost_quotation_mark_costs_its_own_row_only(tmp_path):
    lines = [f"Name{at},Family{at},n{at}@example.org" for at in range(40)]
    lines[7] = '"Name7,Family7,n7@example.org'
    lines[20] = 'Name20,"Family20, the elder",n20@example.org'
    rows = list(opened(written(tmp_path, HEADING + "\n".join(lines) + "\n")).rows())
    assert [row.number for row in rows if row.fault] == [9]
    assert len(rows) == 40
    assert rows[20].cells[1] == "Family20, the elder"


def test_a_quotation_mark_that_never_closes_costs_its_own_row_only(tmp_path):
    lines = [f"Name{at},Family{at},n{at}@example.org" for at in range(1200)]
    lines[3] = 'Name3,"Family3,n3@example.org'
    rows = list(opened(written(tmp_path, HEADING + "\n".join(lines))).rows())
    assert [row.number for row in rows if row.fault] == [5]
    assert len(rows) == 1200


def test_a_row_of_another_width_is_named_because_its_values_may_stand_in_wrong_columns(tmp_path):
    table = opened(
        written(
            tmp_path,
            HEADING + "Ann,Lee\nBob,Ray,b@example.org,more\nCy,Fox,c@example.org,,\nDee,Poe,d@example.org\n",
        )
    )
    assert [row.fault for row in table.rows()] == [
        shape.RAGGED.format(found=2, wanted=3), shape.RAGGED.format(found=4, wanted=3), "", "",
    ]  # fmt: skip


def test_an_exporter_that_leaves_out_blank_cells_at_the_end_is_understood(tmp_path):
    content = HEADING + "".join(f"Ann{at},Lee{at}\n" for at in range(8)) + "Bob,Ray,b@example.org\n"
    table = opened(written(tmp_path, content))
    assert all(not row.fault for row in table.rows())
    assert any("leave out" in notice for notice in table.notices)


def test_columns_of_one_name_and_of_none_keep_apart(tmp_path):
    table = opened(written(tmp_path, "First name,Phone,Phone,,Last name\nAnn,1,2,3,Lee\n"))
    assert table.headings == ("First name", "Phone", "Phone (2)", "(column 4)", "Last name")


def test_what_stands_above_the_heading_is_left_out_and_said(tmp_path):
    content = (
        "Client list of Juniper\n\nExported,2026\n"
        + HEADING
        + "Ann,Lee,a@example.org\n"
        + HEADING
        + "Bob,Ray,b@example.org\n"
    )
    table = opened(written(tmp_path, content))
    assert [row.cells[0] for row in table.rows()] == ["Ann", "Bob"]
    assert table.count == 2
    assert any("row 4" in notice for notice in table.notices)


def test_a_heading_cannot_write_to_the_terminal(tmp_path):
    table = opened(written(tmp_path, "First name,Last name,\x1b[2Jx\u202ey\nAnn,Lee,z\n"))
    assert table.headings[2] == "[2Jx y"


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "empty"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "old Excel file"),
        (b"%PDF-1.7 First name", "not a table"),
        (b"First name,Last name\nAnn\0\0,Lee\n", "not a text file"),
        (b"1,2,3\n4,5,6\n", "No row with column names"),
        (b"Ann,Lee,1980-01-01\n", "No row with column names"),
    ],
)
def test_what_is_no_table_is_refused_in_a_sentence_without_its_values(tmp_path, content, word):
    with pytest.raises(tables.Unreadable, match=word) as refused:
        opened(written(tmp_path, content))
    assert "Lee" not in str(refused.value)


def test_a_file_that_is_too_large_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "MOST_BYTES", 10)
    with pytest.raises(tables.Unreadable, match="larger than"):
        opened(written(tmp_path, HEADING))


def test_rows_are_streamed(tmp_path):
    rows = opened(written(tmp_path, HEADING + "Ann,Lee,a@example.org\n" * 10)).rows()
    assert next(rows).number == 2
    assert iter(rows) is rows


# Excel -------------------------------------------------------------------------------------------------------------


def test_a_workbook_gives_texts_dates_and_numbers_as_they_read(tmp_path):
    path = workbooks.write(
        tmp_path / "a.xlsx",
        [
            ["First name", "Last name", "Date of birth", "Phone", "Active", "Notes"],
            ["Zoë", "Lee", date(1984, 2, 29), 4155550123, True, "=1+1"],
            [],
            ["Bob", "Ray", "03/04/1980", "+1 415 555 0124", False, "a\nb"],
        ],
    )
    table = opened(path)
    assert table.form == "Excel"
    assert [(row.number, row.cells) for row in table.rows()] == [
        (2, ("Zoë", "Lee", "1984-02-29", "4155550123", "TRUE", "=1+1")),
        (4, ("Bob", "Ray", "03/04/1980", "+1 415 555 0124", "FALSE", "a\nb")),
    ]


def test_row_numbers_of_a_workbook_are_those_that_excel_shows(tmp_path):
    path = workbooks.write(tmp_path / "a.xlsx", [["First name", "Last name"], ["Ann", "Lee"]], first=4)
    assert [row.number for row in opened(path).rows()] == [5]


def test_a_zip_bomb_is_not_opened(tmp_path):
    with pytest.raises(tables.Unreadable, match="unpacks to far more"):
        opened(workbooks.write(tmp_path / "a.xlsx", body="<worksheet>" + " " * 20_000_000))
    many = [(f"xl/media/{at}", "x") for at in range(2_100)]
    with pytest.raises(tables.Unreadable, match="unpacks to far more"):
        opened(workbooks.write(tmp_path / "b.xlsx", [["First name"], ["Ann"]], extra=many))


def test_what_unpacks_is_counted_and_sizes_that_the_archive_states_are_not_believed(tmp_path, monkeypatch):
    monkeypatch.setattr(sheets, "_MOST_UNPACKED", 50_000)
    path = workbooks.write(tmp_path / "a.xlsx", [["First name"], *([f"Ann {at}"] for at in range(2_000))])
    with pytest.raises(tables.Unreadable, match="unpacks to far more"):
        opened(path)


@pytest.mark.parametrize("corner", ["XFD1048576", "A1048576", "ZZZ2"])
def test_a_cell_in_the_far_corner_does_not_make_room_for_the_whole_sheet(tmp_path, corner):
    body = workbooks.sheet([["First name"], ["Ann"]]).replace(
        "</sheetData>", f'<row r="9"><c r = "{corner}" t="inlineStr"><is><t>x</t></is></c></row></sheetData>'
    )
    with pytest.raises(tables.Unreadable, match="reaches to row"):
        opened(workbooks.write(tmp_path / "a.xlsx", body=body))


def test_a_place_cut_in_two_by_the_reading_is_still_seen(tmp_path, monkeypatch):
    monkeypatch.setattr(sheets, "_CHUNK", 37)
    body = workbooks.sheet([["First name"]]).replace(
        "</sheetData>", '<row r="2"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    )
    with pytest.raises(tables.Unreadable, match="reaches to row"):
        opened(workbooks.write(tmp_path / "a.xlsx", body=body))


def test_other_archives_and_damaged_workbooks_are_refused(tmp_path, shared):
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        archive.writestr("word/document.xml", "<x/>")
    good = workbooks.write(tmp_path / "b.xlsx", [["First name"], ["Ann"]]).read_bytes()
    (tmp_path / "b.xlsx").write_bytes(good[:-200])
    (tmp_path / "c.xlsx").write_bytes(good[:60] + b"\0" * 200 + good[260:])
    workbooks.write(tmp_path / "d.xlsx", body="<worksheet><sheetData><row")
    bombs = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    workbooks.write(
        tmp_path / "e.xlsx",
        body=workbooks.sheet([["First name"], ["Ann"]])
        .replace("<worksheet", bombs + "<worksheet")
        .replace("Ann", "&b;&b;"),
    )
    for name in "abc":
        with pytest.raises(tables.Unreadable):
            opened(tmp_path / f"{name}.xlsx")
    for name in "de":
        try:
            assert all(
                "aaaaaaaaaaaaaaaaaaaa" not in cell
                for row in opened(tmp_path / f"{name}.xlsx").rows()
                for cell in row.cells
            )
        except tables.Unreadable:
            continue


def test_the_hostile_uploads_are_refused_or_read_as_text(shared):
    for path in (shared / "attacks" / "uploads").iterdir():
        try:
            table = opened(path)
        except tables.Unreadable:
            continue
        assert all(isinstance(cell, str) for row in table.rows() for cell in row.cells)


def test_every_quoting_agrees_with_the_csv_module():
    import csv
    import random

    chance = random.Random(4)
    for _ in range(4000):
        line = "".join(chance.choice('",ab ') for _ in range(chance.randint(1, 12)))
        rows = list(csv.reader([line + "\n", 'END","END\n']))
        assert text.ends_quoted(line + "\n", ",", quoted=False) == (len(rows) == 1), line
