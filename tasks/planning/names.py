"""Names of pictures in keys and in lines of text."""

from hashlib import sha256
from posixpath import basename, splitext
from unicodedata import normalize

_DIGITS = 12
"""Digits of the hash in a name in full: no two of 100,000 pairs of the same two file names have the same."""


def stem(key: str) -> str:
    """The name of a picture without folder and suffix."""
    return splitext(basename(key))[0]


def full_name(content: str, style: str) -> str:
    """`<content file>--<style file>~<hash of both keys>`: a name that no other pair of keys has."""
    digits = sha256(f"{content}\n{style}".encode()).hexdigest()[:_DIGITS]
    return f"{basename(content)}--{basename(style)}~{digits}"


def nfc(name: str) -> str:
    """A name with its accents in composed form (NFC): Macs and cameras write them differently."""
    return normalize("NFC", name)


def folded(name: str) -> str:
    """A name as the usual disks of macOS and Windows compare it, to which an output may be copied.

    Upper and lower case are alike there, and so are the forms of an accent.
    """
    return nfc(name).casefold()


def printable(name: str) -> str:
    """A name that is safe to print in a line: quoted and escaped if it holds line breaks or control characters."""
    return name if name.isprintable() else repr(name)
