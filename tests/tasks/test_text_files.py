import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.text_files import decode_text, read_table


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@given(text=st.text(max_size=20).filter(lambda text: not text.startswith("\ufeff")))
def test_a_text_is_read_by_its_byte_order_mark(encoding: str, text: str) -> None:
    assert decode_text(text.encode(encoding)) == text


def test_big_endian_text_is_read_by_its_mark_too() -> None:
    assert decode_text("\ufeffü".encode("utf-16-be")) == "ü"


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_table_is_read_whatever_parts_its_cells(separator: str, encoding: str) -> None:
    rows = [["content", "style"], ["ü.jpg", f'with {separator} and "quotes"'], ["two\nlines", ""]]
    lines = [separator.join(f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in row) for row in rows]
    assert list(read_table("\r\n".join(lines).encode(encoding))) == rows


def test_commas_part_cells_unless_the_first_line_has_more_of_another() -> None:
    assert list(read_table(b"a\nb;c\n")) == [["a"], ["b;c"]]
    assert list(read_table(b"a,b;c\n")) == [["a", "b;c"]]
    assert list(read_table(b"")) == []


def test_what_is_no_unicode_is_an_error() -> None:
    with pytest.raises(UnicodeDecodeError):
        decode_text(b"caf\xe9")
    with pytest.raises(UnicodeDecodeError):
        list(read_table(b"caf\xe9,b\n"))
