"""Names of pictures in keys and in lines of text."""

from posixpath import basename, splitext
from unicodedata import normalize


def stem(key: str) -> str:
    """The name of a picture without folder and suffix."""
    return splitext(basename(key))[0]


def nfc(name: str) -> str:
    """A name with its accents in composed form (NFC): Macs and cameras write them differently."""
    return normalize("NFC", name)


def printable(name: str) -> str:
    """A name that is safe to print in a line: quoted and escaped if it holds line breaks or control characters."""
    return name if name.isprintable() else repr(name)
