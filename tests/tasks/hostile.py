"""A folder of damaged and hostile contents, and the result that each should have."""

import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

MADE, FAILED = "completed", "failed"
MEGA = 2**20
SEQUENCE: dict[str, Any] = {"save_all": True}


@dataclass(frozen=True)
class Hostile:
    """A file of the folder.

    Attributes:
        what: what is wrong with it.
        name: of the file.
        data: its bytes.
        status: of its row.
        says: words that the row's error has.
        hole: bytes behind the data that take no room on the disk.
    """

    what: str
    name: str
    data: bytes
    status: str = MADE
    says: str = ""
    hole: int = 0


def image(mode: str = "RGB", width: int = 16, height: int = 12, seed: int = 0) -> Image.Image:
    """A picture of coloured noise."""
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels).convert(mode)


def file_of(kind: str, picture: Image.Image | None = None, **options: Any) -> bytes:
    """The bytes of a picture's file."""
    file = BytesIO()
    (picture or image()).save(file, kind, **options)
    return file.getvalue()


def animated(kind: str) -> bytes:
    """Several pictures in one file."""
    return file_of(kind, **SEQUENCE, append_images=[image(seed=1), image(seed=2)])


# PNG


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(
    width: int = 16, height: int = 12, bits: int = 8, colours: int = 2, extra: bytes = b"", rows: bytes = b""
) -> bytes:
    """A PNG file; without `rows` it holds those of a black picture of 16x12 pixels."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colours, 0, 0, 0))
    data = chunk(b"IDAT", rows or zlib.compress(bytes((1 + 16 * 3) * 12)))
    return b"\x89PNG\r\n\x1a\n" + header + extra + data + chunk(b"IEND", b"")


def zeros(count: int) -> bytes:
    """A number of zeros, compressed a thousandfold, with a wrong checksum at the end."""
    packer = zlib.compressobj(9)
    blocks = [packer.compress(bytes(MEGA)) + packer.flush(zlib.Z_FULL_FLUSH) for _ in range(2)]
    return blocks[0] + blocks[1] * (count // MEGA - 1) + packer.flush()


# the other kinds


def gif(screen: tuple[int, int], frame: tuple[int, int] | None) -> bytes:
    """A GIF file of two colours whose only frame holds one pixel, if it has a frame."""
    header = b"GIF89a" + struct.pack("<HHBBB", *screen, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    pixels = b"," + struct.pack("<HHHHB", 0, 0, *frame, 0) + b"\x02\x02\x4c\x01\0" if frame else b""
    return header + pixels + b";"


def tiff(width: int, height: int, *, data: bytes, deflated: bool = False, following: int = 0) -> bytes:
    """A grey TIFF file of one strip; `following` is the offset of its next page."""
    tags = {256: width, 257: height, 258: 8, 259: 8 if deflated else 1, 262: 1, 273: 122, 277: 1, 278: height}
    entries = [struct.pack("<HHII", tag, 4, 1, value) for tag, value in (tags | {279: len(data)}).items()]
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + b"".join(entries) + struct.pack("<I", following) + data


def webp(width: int, height: int) -> bytes:
    """The beginning of a lossless WebP file of that size, and nothing more."""
    data = b"\x2f" + struct.pack("<I", (width - 1) | (height - 1) << 14) + bytes(11)
    return b"RIFF" + struct.pack("<I", 12 + len(data)) + b"WEBPVP8L" + struct.pack("<I", len(data)) + data


def scans(count: int) -> bytes:
    """A progressive JPEG file with its last scan repeated."""
    data = file_of("JPEG", progressive=True)[:-2]
    return data + data[data.rindex(b"\xff\xda") :] * count + b"\xff\xd9"


def half(kind: str, **options: Any) -> bytes:
    """The first half of a file."""
    data = file_of(kind, image(width=64, height=48), **options)
    return data[: len(data) // 2]


def not_finite() -> bytes:
    return file_of("TIFF", Image.fromarray(np.full((12, 16), np.nan, np.float32)))


def contents() -> Iterator[Hostile]:
    """Files with a plain name, and something wrong inside."""
    for what, suffix, data in (
        ("a PNG file named .jpg", "jpg", file_of("PNG")),
        ("a JPEG file named .png", "png", file_of("JPEG")),
        ("colours of a printer", "jpg", file_of("JPEG", image("CMYK"))),
        ("16 bits a channel", "png", png(bits=16, rows=zlib.compress(bytes((1 + 16 * 6) * 12)))),
        ("one bit a pixel", "png", file_of("PNG", image("1"))),
        ("a palette", "png", file_of("PNG", image("P"), transparency=3)),
        ("clear all over", "png", file_of("PNG", Image.new("RGBA", (16, 12)))),
        ("numbers with a point", "tif", file_of("TIFF", Image.new("F", (16, 12), 0.5))),
        ("EXIF data that are none", "jpg", file_of("JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff" + b"\xa5" * 99)),
        ("a profile that is none", "png", file_of("PNG", icc_profile=b"no profile")),
        ("something behind its end", "jpg", file_of("JPEG") + b"<script>alert(1)</script>PK\3\4" * 99),
        ("two pictures, of which one is a preview", "jpg", animated("MPO")),
        ("a page that follows itself", "tif", tiff(16, 12, data=bytes(192), following=8)),
        ("a page after its end", "tif", tiff(16, 12, data=bytes(192), following=2**31)),
        ("one pixel", "png", file_of("PNG", image(width=1, height=1))),
        ("pixels beyond the last, a gigabyte of them", "png", png(rows=zeros(1024 * MEGA))),
        ("a text of a gigabyte", "png", png(extra=chunk(b"zTXt", b"a\0\0" + zeros(1024 * MEGA)))),
        ("a Unicode text of a gigabyte", "png", png(extra=chunk(b"iTXt", b"a\0\1\0\0\0" + zeros(1024 * MEGA)))),
        ("a hundred texts", "png", png(extra=chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(MEGA - 1), 9)) * 100)),
        ("a hundred plain texts", "png", png(extra=chunk(b"tEXt", b"a\0" + b"a" * MEGA) * 100)),
        ("a strip that goes on for a gigabyte", "tif", tiff(16, 12, data=zeros(1024 * MEGA), deflated=True)),
    ):
        yield Hostile(what, f"{what}.{suffix}", data)
    for kind in ("GIF", "PNG", "WEBP", "AVIF", "TIFF"):
        what = f"more than one picture, as {kind}"
        yield Hostile(what, f"{what}.{kind}", animated(kind), says="is an animation; " if kind != "TIFF" else "pages; ")
    yield Hostile(
        "a profile of a gigabyte",
        "a profile of a gigabyte.png",
        png(extra=chunk(b"iCCP", b"a\0\0" + zeros(1024 * MEGA))),
        says="has a colour profile of more than 16707345 bytes, which was passed over",
    )


WIDE = file_of("PNG", image(width=30_000, height=40))


def refused() -> Iterator[Hostile]:
    """Files with a plain name that are no picture, one too large, or at 32 pixels too narrow."""
    narrow = "too narrow for tiny at side="
    large, cut = "pixels that are allowed; scale it down", "cut short"
    for what, suffix, says, data in (
        ("nothing at all", "png", "it is empty; copy it again", b""),
        ("a text", "png", cut, b"Dear Sir or Madam"),
        ("a page of the web", "jpg", cut, b"<html><script>alert(1)</script></html>"),
        ("a drawing", "png", cut, b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'),
        ("a program for printers", "png", cut, b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(x) run\n"),
        ("an animation of no frames", "gif", cut, gif((16, 12), None)),
        ("no width", "png", cut, png(width=0)),
        ("a wrong sum", "png", "", bytes([*png()[:-20], 1, 2, 3, 4, *png()[-16:]])),
        ("half a PNG file", "png", "", half("PNG")),
        ("half a JPEG file", "jpg", "truncated", half("JPEG")),
        ("half a WebP file", "webp", "", half("WEBP")),
        ("half a GIF file", "gif", "", half("GIF")),
        ("half a TIFF file", "tif", "", half("TIFF")),
        ("values that are no numbers", "tif", "use finite values in [0, 1]", not_finite()),
        ("60,000 x 60,000 pixels, said", "png", large, png(60_000, 60_000)),
        ("30,000 x 30,000 pixels, there", "png", large, png(30_000, 30_000, 1, 0, rows=zeros(108 * MEGA))),
        ("12,000 x 12,000 pixels", "png", "12000 x 12000 pixels, ", png(12_000, 12_000, 1, 0, rows=zeros(18 * MEGA))),
        ("the largest WebP file", "webp", large, webp(16_383, 16_383)),
        ("the largest screen", "gif", large, gif((65_535, 65_535), (1, 1))),
        ("a frame larger than the screen", "gif", large, gif((1, 1), (65_535, 65_535))),
        (
            "60,000 x 60,000 pixels in TIFF",
            "tif",
            "60000 x 60000 pixels, ",
            tiff(60_000, 60_000, data=zeros(MEGA), deflated=True),
        ),
        ("one pixel wide", "png", narrow, file_of("PNG", image(width=1, height=5000))),
        ("30,000 pixels wide", "png", narrow, WIDE),
        ("a thousand scans", "jpg", "scans or more, 500 are allowed", scans(1000)),
    ):
        yield Hostile(what, f"{what}.{suffix}", data, FAILED, says)
    yield Hostile("three gigabytes", "three gigabytes.png", png(), FAILED, " bytes, 2147483648 are allowed", 3 * 2**30)


NAMES = {
    "spaces": "  two  spaces .png",
    "accents in one piece": "caf\u00e9 one.png",
    "accents in two pieces": "cafe\u0301 two.png",
    "other letters": "富嶽 🌊.png",
    "a line break": "new\nline.png",
    "a carriage return": "carriage\rreturn.png",
    "letters that steer a terminal": "clear\x1b[2Jscreen.png",
    "letters that turn the line": "photo\u202egnp.exe.png",
    "options": "-rf --help.png",
    "a formula": "=cmd|' C calc'!A0.png",
    "a sum": "+1+1.png",
    "a function": "@SUM(A1).png",
    "a formula of wide letters": "\uff1d1+1.png",
    "an element": "<img src=x onerror=alert(1)>.png",
    "the end of an attribute": '"><svg onload=alert(1)>.png',
    "an entity": "&lt;b&gt;.png",
    "a template": "{{ 7 * 7 }}{% raw %}.png",
    "an escaped way up": "%2e%2e%2f%2e%2e%2fetc%2fpasswd.png",
    "a way up on Windows": "up\\..\\..\\evil.png",
    "dots": "a...png",
    "a device of Windows": "CON.png",
    "a command": "$(touch here); `id` | x.png",
    "an address": "https:example.org?a=1#b.png",
    "apostrophes": "' or ''='.png",
    "commas and quotes": 'a,"b",c;=1.png',
    "a home": "~root.png",
}
LONG = "long" * 62 + ".png"


def named() -> Iterator[Hostile]:
    """Good pictures with awkward names."""
    data = file_of("PNG")
    for what, name in NAMES.items():
        yield Hostile(f"a name with {what}", name, data)
    yield Hostile(
        "a name too long for what is made of it", LONG, data, FAILED, "File name too long; use a shorter name"
    )


HOSTILE = (*contents(), *refused(), *named())
ABSENT = ("link out.png", "link to nothing.png", "link to itself.png", "folder.png", "pipe.png", ".hidden.png")
"""Names of files that do not belong to the storage."""


def fill(folder: Path, outside: Path) -> None:
    """Write all the files; `outside` is a picture to which a link leads."""
    folder.mkdir(parents=True)
    for file in HOSTILE:
        (folder / file.name).write_bytes(file.data)
        if file.hole:
            os.truncate(folder / file.name, len(file.data) + file.hole)
    (folder / "link out.png").symlink_to(outside)
    (folder / "link to nothing.png").symlink_to("absent")
    (folder / "link to itself.png").symlink_to("link to itself.png")
    (folder / "ring").symlink_to(".")
    (folder / "folder.png").mkdir()
    (folder / ".hidden.png").write_bytes(b"hidden")
    os.mkfifo(folder / "pipe.png")
