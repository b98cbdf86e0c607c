"""Where answers go: a table on a terminal, aligned text in a pipe, JSON or YAML for machines."""

import enum
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import rich.box
import yaml
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from muster_client.cli.document import Document

STYLES: Mapping[str, str] = {
    **dict.fromkeys(("HEALTHY", "ENABLED", "yes", "for", "RUNNING", "READY", "SUCCEEDED"), "green"),
    **dict.fromkeys(("UNHEALTHY", "no", "against", "DOWN", "EXITED", "FAILED", "ROLLED_BACK", "CANCELLED"), "red"),
    **dict.fromkeys(("SUSPECT", "UNKNOWN", "DISABLED", "STARTING", "TESTING", "OUT_OF_SERVICE", "DRAINING"), "yellow"),
    **dict.fromkeys(("DEGRADED", "PENDING", "UNREADY", "WAITING", "STOPPING", "ROLLING_BACK"), "yellow"),
}


class OutputFormat(enum.StrEnum):
    """How an answer is written."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text under headings. Numbers are told by `right`, the headings whose columns align to the right."""

    headings: tuple[str, ...]
    rows: Sequence[Sequence[str]]
    right: frozenset[str] = frozenset()


class Output:
    """One command's output. Answers go to stdout, notes to stderr, so that a pipe gets nothing but the answer."""

    def __init__(self, output_format: OutputFormat) -> None:
        self._format = output_format
        self.console = Console(file=sys.stdout, highlight=False)
        self.errors = Console(file=sys.stderr, highlight=False)

    @property
    def is_live(self) -> bool:
        """True if a person looks at a terminal: views may redraw themselves."""
        return self._format is OutputFormat.TABLE and self.console.is_terminal

    @property
    def is_for_machines(self) -> bool:
        """True if the answer is JSON or YAML."""
        return self._format is not OutputFormat.TABLE

    def show(self, table: Table, document: Document | Sequence[Document]) -> None:
        """One answer: the table for people, the document for machines."""
        match self._format:
            case OutputFormat.TABLE if self.console.is_terminal:
                self.console.print(rich_table(table))
            case OutputFormat.TABLE:
                self.write(plain_text(table))
            case OutputFormat.JSON:
                self.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
            case OutputFormat.YAML:
                self.write(_yaml(document))

    def say(self, text: str, document: Document) -> None:
        """One answer that is a sentence for people."""
        if self._format is OutputFormat.TABLE:
            self.write(clean(text) + "\n")
        else:
            self.show(Table((), ()), document)

    def event(self, text: str, document: Document) -> None:
        """One of many answers: a line for people, a JSON object on a line of its own, or a YAML document. Flushed at once."""
        match self._format:
            case OutputFormat.TABLE:
                self.write(clean(text) + "\n")
            case OutputFormat.JSON:
                self.write(json.dumps(document, ensure_ascii=False) + "\n")
            case OutputFormat.YAML:
                self.write("---\n" + _yaml(document))
        sys.stdout.flush()

    def content(self, text: str, document: Document) -> None:
        """Somebody's text exactly as it is, byte by byte whatever the terminal's encoding, or the document about it."""
        if self._format is OutputFormat.TABLE:
            sys.stdout.flush()
            sys.stdout.buffer.write(text.encode())
        else:
            self.show(Table((), ()), document)

    def diff(self, text: str, document: Document) -> None:
        """A difference in unified format, coloured on a terminal."""
        if not self.is_live:
            self.content(text, document)
            return
        for line in text.splitlines():
            style = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "")
            self.console.print(Text(clean(line), style), soft_wrap=True)

    def remark(self, text: str) -> None:
        """A line under a table: machines do without it."""
        if self._format is OutputFormat.TABLE:
            self.write(clean(text) + "\n")

    def note(self, text: str) -> None:
        """A remark for people, on stderr."""
        self.errors.print(Text(clean(text)), soft_wrap=True)

    @staticmethod
    def write(text: str) -> None:
        """Text to stdout as it is."""
        sys.stdout.write(text)


def clean(text: str) -> str:
    r"""Text that a terminal takes for text: what others named or wrote must not move the cursor or change colours.

    >>> print(clean("a\x1b[2Jb"))
    a\x1b[2Jb
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def rich_table(table: Table) -> RichTable:
    """A table for a terminal."""
    drawn = RichTable(box=rich.box.SIMPLE_HEAD, header_style="bold")
    for heading in table.headings:
        drawn.add_column(Text(heading), justify="right" if heading in table.right else "left", overflow="fold")
    for row in table.rows:
        drawn.add_row(*(Text(clean(cell), STYLES.get(cell, "")) for cell in row))
    return drawn


def plain_text(table: Table) -> str:
    """A table for a pipe: two spaces between columns, nothing at the end of a line."""
    rows = [[heading.upper() for heading in table.headings], *([clean(cell) for cell in row] for row in table.rows)]
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    is_right = [heading in table.right for heading in table.headings]
    return "".join("  ".join(map(_padded, row, widths, is_right)).rstrip() + "\n" for row in rows)


def _padded(cell: str, width: int, is_right: bool) -> str:
    space = " " * (width - cell_len(cell))
    return space + cell if is_right else cell + space


class _Dumper(yaml.SafeDumper):
    """YAML as people write it: text of several lines stands as such."""


def _write_text(dumper: _Dumper, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _write_text)


def _yaml(document: Document | Sequence[Document]) -> str:
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True)
