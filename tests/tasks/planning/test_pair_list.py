from pathlib import Path

import pytest

from tasks.planning.pair_list import read_pair_list
from tasks.planning.pair_list_row import RowReader
from tasks.planning.pairs import PairSpec
from tasks.planning.request import PairingError
from tasks.storage import StorageError
from tests.tasks.studio import CONFIG, entries

CONTENTS = ["a.jpg", "b.jpg", "c,d.jpg", 'e"f.jpg', "new\nline.jpg", "ü.jpg"]
STYLES = ["x.png", "y.png"]


def a_file(folder: Path, text: str, encoding: str = "utf-8") -> str:
    (folder / "pairs.csv").write_bytes(text.encode(encoding))
    return str(folder / "pairs.csv")


def pairs_of(file: str, *backbones: str) -> tuple[PairSpec, ...]:
    return read_pair_list(file, RowReader(entries(*CONTENTS), entries(*STYLES), backbones or ("tiny",), CONFIG))


def told(pairs: tuple[PairSpec, ...]) -> list[str]:
    return [f"{pair.name} {dict(pair.overrides)}" for pair in pairs]


def refusal(file: str) -> str:
    with pytest.raises(PairingError) as caught:
        pairs_of(file)
    assert "\n" not in str(caught.value)
    return str(caught.value).removeprefix(f"pair list {file!r}")


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_reads_pairs_of_contents_and_styles(tmp_path: Path, encoding: str, separator: str, end: str) -> None:
    text = end.join(("content,style", "a.jpg,x.png", "ü.jpg,y.png", "")).replace(",", separator)
    pairs = pairs_of(a_file(tmp_path, text, encoding))
    assert [(pair.content.key, pair.style.key) for pair in pairs] == [("a.jpg", "x.png"), ("ü.jpg", "y.png")]


def test_cells_may_be_quoted(tmp_path: Path) -> None:
    text = 'style,content\nx.png,"c,d.jpg"\nx.png,"e""f.jpg"\n"x.png","new\nline.jpg"\n'
    assert {pair.content.key for pair in pairs_of(a_file(tmp_path, text))} == {"c,d.jpg", 'e"f.jpg', "new\nline.jpg"}


def test_columns_come_in_any_order_and_empty_rows_count_for_nothing(tmp_path: Path) -> None:
    text = "seed, style ,name,content\n\n,,,\n3,x.png,,a.jpg\n,y.png,mine,b.jpg\n\n"
    assert told(pairs_of(a_file(tmp_path, text))) == ["tiny/a--x {'seed': 3}", "tiny/mine {}"]


def test_the_order_is_backbone_overrides_style_content(tmp_path: Path) -> None:
    rows = [
        "b.jpg,y.png,,64",
        "a.jpg,x.png,,",
        "b.jpg,x.png,,64",
        "b.jpg,x.png,vgg16,64",
        "a.jpg,y.png,,32",
        "b.jpg,x.png,vgg19,",
        "a.jpg,x.png,vgg16,64",
    ]
    pairs = pairs_of(a_file(tmp_path, "\n".join(["content,style,backbone,side", *rows]).replace("b.jpg,x.png,,64", "")))
    assert told(pairs) == [
        "tiny/b--y {'side': 64}",
        "tiny/a--x {}",
        "tiny/a--y {}",
        "vgg16/a--x {'side': 64}",
        "vgg16/b--x {'side': 64}",
        "vgg19/b--x {}",
    ]
    assert CONFIG.side == 32


def test_rows_of_one_configuration_come_one_after_another(tmp_path: Path) -> None:
    rows = [
        f"{content},{style},{seed}-{content[:1]}{style[:1]},{seed}"
        for content in ("a.jpg", "b.jpg")
        for style in STYLES
        for seed in (7, 8)
    ]
    pairs = pairs_of(a_file(tmp_path, "\n".join(["content,style,name,seed", *rows])))
    assert [pair.pair for pair in pairs] == ["7-ax", "7-bx", "7-ay", "7-by", "8-ax", "8-bx", "8-ay", "8-by"]


def test_a_name_lets_one_pair_be_made_with_several_settings(tmp_path: Path) -> None:
    text = "content,style,name,side\na.jpg,x.png,small,64\na.jpg,x.png,large,128\na.jpg,x.png,,\n"
    assert [pair.name for pair in pairs_of(a_file(tmp_path, text))] == ["tiny/small", "tiny/large", "tiny/a--x"]


def test_the_file_may_be_named_from_home_or_by_a_uri(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    file = a_file(tmp_path, "content,style\na.jpg,x.png\n")
    assert pairs_of("~/pairs.csv") == pairs_of(f"file://{file}") == pairs_of(file)


# the file


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", " has no column 'content'; name content and style in its first line"),
        ("content\na.jpg\n", " has no column 'style'; name content and style"),
        ("content,style,sidde\n", " has the unknown column 'sidde'; did you mean side?"),
        ("content|style\n", " has the unknown column 'content|style'; name content and style in its first line, "),
        ("content,style,\n", " has the unknown column ''; name content and style in its first line, "),
        ("content,style,seed,seed\n", " has the column 'seed' twice; leave one out"),
        ("content,style\n", " has no rows below its first line; name a content and a style in each"),
        ("content,style\n,\n\n", " has no rows below its first line"),
        (
            'content,style\na.jpg,x.png\n"b.jpg,x.png\n',
            ", line 3: unexpected end of data; quote cells as RFC 4180 has it",
        ),
        ('content,style\n"a.jpg"x,x.png\n', ", line 2: ',' expected after '\"'; quote cells"),
        (f"content,style\na.jpg,{'x' * 200_000}\n", ", line 2: field larger than field limit"),
    ],
)
def test_refuses_a_file_that_is_no_list(tmp_path: Path, text: str, reason: str) -> None:
    assert refusal(a_file(tmp_path, text)).startswith(reason)


def test_a_separator_of_another_kind_is_part_of_a_cell(tmp_path: Path) -> None:
    [pair] = pairs_of(a_file(tmp_path, "content;style;style_layers\nc,d.jpg;x.png;block1_conv1,block1_pool\n"))
    assert (pair.content.key, pair.overrides) == ("c,d.jpg", (("style_layers", ("block1_conv1", "block1_pool")),))


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16-le"])
def test_refuses_a_file_that_is_not_unicode(tmp_path: Path, encoding: str) -> None:
    file = a_file(tmp_path, "content,style\nü.jpg,x.png\n", encoding)
    assert "is not Unicode from line 1 on; save it as CSV in UTF-8" in refusal(file)


def test_refuses_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    assert refusal(str(tmp_path / "gone.csv")) == " cannot be read: No such file or directory; check its path"
    assert refusal(str(tmp_path)) == " cannot be read: Is a directory; check its path"
    assert "embedded null" in refusal("a\0b.csv")
    assert "home" in refusal("~nobody-of-that-name/pairs.csv")
    with pytest.raises(StorageError, match="does not exist"):
        pairs_of(f"file://{tmp_path}/gone.csv")


# the rows


def test_names_the_line_of_a_row_that_is_refused(tmp_path: Path) -> None:
    text = 'content,style,side\n"new\nline.jpg",x.png,\n\na.jpg,x.png,abc\n'
    assert refusal(a_file(tmp_path, text)).startswith(", line 5: side='abc' is not allowed; use a whole number")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("a.jpg", "1 cells where there are 2 columns; quote cells that hold a separator"),
        ("c,d.jpg,x.png", "3 cells where there are 2 columns; quote cells that hold a separator"),
        ("aa.jpg,x.png", "content 'aa.jpg' is not among the 6 pictures there; did you mean 'a.jpg'?"),
        ("a.jpg,/etc/passwd", "style '/etc/passwd' is no key; use a name relative to the style folder"),
    ],
)
def test_refuses_a_row_in_words(tmp_path: Path, row: str, reason: str) -> None:
    assert refusal(a_file(tmp_path, f"content,style\n{row}\n")).startswith(f", line 2: {reason}")


def test_tells_all_lines_that_are_refused(tmp_path: Path) -> None:
    rows = ["a.jpg,x.png", "../a.jpg,x.png", "b.jpg,x.png", "a.jpg,z", "a.jpg"]
    text = refusal(a_file(tmp_path, "\n".join(["content,style", *rows])))
    assert text.startswith(", line 3: content '../a.jpg' is no key")
    assert text.endswith(" (and 2 more, in lines 5, 6)")


def test_reads_no_further_than_ten_lines_that_are_refused(tmp_path: Path) -> None:
    text = refusal(a_file(tmp_path, "content,style\n" + "gone.jpg,x.png\n" * 1000))
    assert text.endswith(" (and at least 9 more, in lines 3, 4, 5, 6, 7, 8, 9, 10, 11)")


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        (["a.jpg,x.png,", "b.jpg,x.png,", "a.jpg,x.png,"], ": lines 2 and 4 would both be written as 'tiny/a--x'; "),
        (["a.jpg,x.png,One", "b.jpg,y.png,one"], ": lines 2 and 3 would both be written as 'tiny/one'; "),
        (["b.jpg,x.png,", "a.jpg,y.png,b--x"], ": lines 2 and 3 would both be written as 'tiny/b--x'; "),
    ],
)
def test_refuses_two_rows_of_one_output_and_names_both_lines(tmp_path: Path, rows: list[str], text: str) -> None:
    found = refusal(a_file(tmp_path, "\n".join(["content,style,name", *rows])))
    assert found == f"{text}give one of them another name in the column 'name'"


def test_rows_of_other_backbones_are_other_outputs(tmp_path: Path) -> None:
    file = a_file(tmp_path, "content,style,backbone\na.jpg,x.png,vgg16\na.jpg,x.png,\n")
    assert [pair.name for pair in pairs_of(file)] == ["vgg16/a--x", "tiny/a--x"]


def test_a_row_that_names_no_backbone_meets_one_that_does(tmp_path: Path) -> None:
    file = a_file(tmp_path, "content,style,backbone\na.jpg,x.png,\na.jpg,x.png,tiny\n")
    assert "lines 2 and 3 would both be written as 'tiny/a--x'" in refusal(file)
