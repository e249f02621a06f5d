from hashlib import sha256
from pathlib import Path

import pytest
from PIL import Image

from flows.cli.one import stylize_one
from nst_engine import TransferResult
from nst_engine.errors import ImageError
from nst_engine.images import decode, read_provenance
from nst_engine.transfer.step_profile import PARTS
from tasks.local_state import state_folder
from tests.flows.console import TINY, Nightbrush
from tests.tasks.studio import CONFIG, paint


def test_makes_one_picture_and_says_what_became_of_it(tmp_path: Path) -> None:
    pictures = paint(tmp_path / "lake.png", 1), paint(tmp_path / "wave.png", 2)
    text = stylize_one(*pictures, tmp_path / "new" / "out.png", CONFIG.replace(formulation="mean"), "cpu")
    assert text.startswith(f"{tmp_path / 'new' / 'out.png'}: 32x24 pixels in ")
    assert "(float32 on CPU:0), 4 steps (iterations; diverged once, " in text
    assert "\n" not in text
    with Image.open(tmp_path / "new" / "out.png") as picture:
        assert picture.size == (32, 24)


def test_says_where_the_time_of_a_step_goes(nightbrush: Nightbrush, tmp_path: Path) -> None:
    pictures = paint(tmp_path / "lake.png", 1), paint(tmp_path / "wave.png", 2)
    ran = nightbrush("one", *pictures, "-o", tmp_path / "out.png", *TINY, "--profile")
    assert (ran.status, ran.err) == (0, "")
    _, heading, *lines = ran.out.splitlines()
    assert heading.startswith("A step takes ")
    assert [line.split(maxsplit=3)[3] for line in lines] == list(PARTS)
    assert sum(float(line.split("%")[0]) for line in lines) == pytest.approx(100, abs=0.5)


def test_the_suffix_decides_the_format(nightbrush: Nightbrush, tmp_path: Path) -> None:
    pictures = paint(tmp_path / "lake.png", 1), paint(tmp_path / "wave.png", 2)
    ran = nightbrush("one", *pictures, "-o", tmp_path / "out.webp", *TINY)
    assert (ran.status, ran.err, len(ran.out.splitlines())) == (0, "", 1)
    with Image.open(tmp_path / "out.webp") as picture:
        assert picture.format == "WEBP"


def test_the_picture_names_what_it_was_made_from(
    nightbrush: Nightbrush, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content, style = paint(tmp_path / "lake.png", 1), paint(tmp_path / "deep" / "wave.png", 2)
    monkeypatch.chdir(tmp_path)
    assert nightbrush("one", "lake.png", style, "-o", "out.png", *TINY).status == 0
    told = read_provenance("out.png")
    assert told is not None
    assert told["content"] == {"name": "lake.png", "sha256": sha256(content.read_bytes()).hexdigest()}
    assert told["style"] == {"name": str(style), "sha256": sha256(style.read_bytes()).hexdigest()}


def test_snapshots_lie_beside_the_picture(nightbrush: Nightbrush, tmp_path: Path) -> None:
    pictures = paint(tmp_path / "lake.png", 1), paint(tmp_path / "wave.png", 2)
    nightbrush("one", *pictures, "-o", tmp_path / "new" / "out.jpg", *TINY, "--set", "snapshot_every=2")
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["out-00002.jpg", "out-00004.jpg", "out.jpg"]


def test_says_why_a_transfer_ended_early(tmp_path: Path) -> None:
    pictures = paint(tmp_path / "lake.png", 1), paint(tmp_path / "wave.png", 2)
    text = stylize_one(*pictures, tmp_path / "out.png", CONFIG.replace(time_limit=1e-6), "cpu")
    assert " 2 steps (time limit" in text


@pytest.mark.parametrize("name", ["lake.png", "wave.png", "mask.png", "link.png", "deep/../lake.png"])
def test_refuses_to_write_over_a_picture_that_it_reads(
    nightbrush: Nightbrush, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    pictures = [paint(Path(picture), seed) for seed, picture in enumerate(("lake.png", "wave.png", "mask.png"))]
    before = [picture.read_bytes() for picture in pictures]
    Path("link.png").symlink_to("lake.png")
    Path("deep").mkdir()
    ran = nightbrush("one", *pictures[:2], "-o", name, *TINY, "--set", "content_masks=mask.png")
    read = "lake.png" if "lake" in name or "link" in name else name
    assert ran.complaint == f"output '{name}' is the picture '{read}' itself; choose another name"
    assert [picture.read_bytes() for picture in pictures] == before


def test_refuses_to_write_a_snapshot_over_a_picture_that_it_reads(nightbrush: Nightbrush, tmp_path: Path) -> None:
    pictures = paint(tmp_path / "out-00002.png", 1), paint(tmp_path / "wave.png", 2)
    ran = nightbrush("one", *pictures, "-o", tmp_path / "out.png", *TINY, "--set", "snapshot_every=2")
    assert ran.complaint == (
        f"picture '{pictures[0]}' has the name of a snapshot of '{tmp_path / 'out.png'}'; choose another name"
    )
    assert nightbrush("one", *pictures, "-o", tmp_path / "out.png", *TINY).status == 0


def test_the_home_may_be_written_as_a_tilde_wherever_a_file_is_named(
    nightbrush: Nightbrush, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for seed, name in enumerate(("lake.png", "wave.png", "start.png")):
        paint(tmp_path / name, seed)
    (tmp_path / "my.toml").write_text('init = "~/start.png"\n')
    ran = nightbrush("one", "~/lake.png", "~/wave.png", "-o", "~/made/out.png", "--config", "~/my.toml", *TINY)
    assert (ran.status, ran.err) == (0, "")
    told = read_provenance(tmp_path / "made" / "out.png")
    assert told is not None
    assert told["config"]["init"] == str(tmp_path / "start.png")
    inputs = ("--content", "~/lake.png", "--style", "~/wave.png")
    again = nightbrush("replay", "~/made/out.png", *inputs, "-o", "~/again.png")
    assert (again.status, (tmp_path / "again.png").exists()) == (0, True)


def test_a_picture_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="No such file"):
        stylize_one(paint(tmp_path / "lake.png"), tmp_path / "gone.png", tmp_path / "out.png", CONFIG, "cpu")


def test_says_what_of_a_file_was_passed_over(tmp_path: Path) -> None:
    style = paint(tmp_path / "wave.png", 2)
    with Image.open(paint(tmp_path / "lake.png", 1)) as image:
        image.save(tmp_path / "odd.png", icc_profile=b"none")
    _, note = stylize_one(tmp_path / "odd.png", style, tmp_path / "out.png", CONFIG, "cpu").splitlines()
    assert note.startswith(f"picture {str(tmp_path / 'odd.png')!r} has a colour profile that cannot be used")


@pytest.mark.parametrize("narrow", ["content", "style"])
def test_names_the_picture_that_is_too_narrow(tmp_path: Path, narrow: str) -> None:
    Image.new("RGB", (2000, 2)).save(tmp_path / "panorama.png")
    other = paint(tmp_path / "lake.png")
    pictures = (tmp_path / "panorama.png", other) if narrow == "content" else (other, tmp_path / "panorama.png")
    match = f"^picture {str(tmp_path / 'panorama.png')!r} of 2000x2 pixels is too narrow for tiny"
    with pytest.raises(ImageError, match=match):
        stylize_one(*pictures, tmp_path / "out.png", CONFIG, "cpu")


def test_a_size_that_the_format_cannot_hold_is_refused_before_the_work(nightbrush: Nightbrush, tmp_path: Path) -> None:
    pictures = paint(tmp_path / "lake.png", 1, 120, 30), paint(tmp_path / "wave.png", 2)
    ran = nightbrush("one", *pictures, "-o", tmp_path / "out.webp", *TINY, "--set", "side=16384")
    assert ran.status == 2
    assert ran.err.startswith("nightbrush: 16384 x 4096 pixels do not fit webp: ")


def test_a_picture_that_cannot_be_saved_at_the_end_is_kept(
    nightbrush: Nightbrush, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> Path:
        raise ImageError("the disk is full")

    monkeypatch.setattr(TransferResult, "save", refuse)
    pictures = paint(tmp_path / "lake.png", 1), paint(tmp_path / "wave.png", 2)
    ran = nightbrush("one", *pictures, "-o", tmp_path / "out.png", *TINY)
    (kept,) = (state_folder() / "unsaved").glob("out-*.png")
    assert ran.status == 2
    assert ran.err == f"nightbrush: the disk is full; the picture is kept as {str(kept)!r}, without its metadata\n"
    assert decode(kept).shape == (24, 32, 3)


def test_an_old_name_of_a_preset_works_and_says_the_new_one(nightbrush: Nightbrush, tmp_path: Path) -> None:
    pictures = paint(tmp_path / "lake.png", 1), paint(tmp_path / "wave.png", 2)
    changed = ("--set", "content_layers=none", "--set", "style_layers=none", *TINY)
    ran = nightbrush("one", *pictures, "-o", tmp_path / "out.png", "--preset", "report2-vgg16", *changed)
    assert (ran.status, ran.err) == (0, "nightbrush: the preset report2-vgg16 is called gatys-vgg16 now\n")
    told = read_provenance(tmp_path / "out.png")
    assert told is not None
    assert told["config"]["formulation"] == "gatys"
