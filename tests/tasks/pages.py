"""Reads pages in tests; names that a page must show as plain text."""

from html.parser import HTMLParser

HOSTILE_NAMES = [
    "<img src=x onerror=alert(1)>",
    '"><script>alert(1)</script>',
    "' onmouseover='alert(1)",
    "javascript:alert(1)",
    "https://example.org/x",
    "two\nlines & more",
    "$\\frac{1}{2}$",
    "caf\udce9",
]


class Page(HTMLParser):
    """A page's elements, each with its attributes, its text, and the class and the text of each cell of its tables."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.cells: list[tuple[str, str]] = []
        self.feed(page.decode("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self.tags.append((tag, attributes))
        if tag == "td":
            self.cells.append((attributes.get("class", ""), ""))

    def handle_data(self, data: str) -> None:
        self.text += data
        if self.cells:
            kind, text = self.cells[-1]
            self.cells[-1] = (kind, text + data)

    def all(self, name: str) -> list[dict[str, str]]:
        """The attributes of each element of that name."""
        return [attributes for tag, attributes in self.tags if tag == name]

    @property
    def addresses(self) -> list[str]:
        """All URLs in the page that could be loaded or followed."""
        names = ("href", "src", "srcset", "xlink:href", "action", "data", "poster")
        return [attributes[name] for _, attributes in self.tags for name in names if name in attributes]
