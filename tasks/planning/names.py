"""Names of pictures, as keys of outputs and in lines of text."""

from posixpath import basename, splitext
from unicodedata import normalize


def stem(key: str) -> str:
    """The name of a picture without folder and suffix."""
    return splitext(basename(key))[0]


def nfc(name: str) -> str:
    """A name with its accents in one form: a Mac may have written one picture's, a camera another's."""
    return normalize("NFC", name)


def printable(name: str) -> str:
    """A name as a line of text may hold it: quoted and escaped, if it has a line break or steers a terminal."""
    return name if name.isprintable() else repr(name)
