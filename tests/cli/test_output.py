"""Tables, documents and events in each form."""

import io
import json

import pytest
import yaml
from muster_client.cli.output import Output, OutputFormat, Table, clean, plain_text, rich_table
from rich.console import Console

TABLE = Table(("name", "count"), [("api", "1"), ("b\x1billing", "12")], frozenset({"count"}))


def test_plain_table_is_aligned_and_ends_no_line_with_space() -> None:
    assert plain_text(TABLE) == "NAME         COUNT\napi              1\nb\\x1billing     12\n"


def test_plain_table_measures_wide_letters() -> None:
    lines = plain_text(Table(("a", "b"), [("服务", "x"), ("api", "y")])).splitlines()

    assert lines == ["A     B", "服务  x", "api   y"]


def test_terminal_table_has_colours_and_no_control_characters_of_others() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=80)

    console.print(rich_table(Table(("health",), [("HEALTHY",), ("a\x1b[31mred",), ("[bold]markup",)])))

    drawn = console.file.getvalue()
    assert "\x1b[32mHEALTHY" in drawn
    assert "a\\x1b[31mred" in drawn
    assert "[bold]markup" in drawn


@pytest.mark.parametrize(("text", "cleaned"), [("plain 服务", "plain 服务"), ("a\nb\x07", "a\\nb\\x07"), ("\u202e", "\\u202e")])
def test_clean_shows_what_cannot_be_printed(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


def test_answer_is_written_in_the_form_that_was_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    for output_format in OutputFormat:
        Output(output_format).show(TABLE, [{"name": "api", "text": "a\nb\n"}])

    written = capsys.readouterr().out
    table, _, rest = written.partition("[")
    document, _, text = ("[" + rest).partition("]\n")
    assert table == plain_text(TABLE)
    assert json.loads(document + "]") == [{"name": "api", "text": "a\nb\n"}]
    assert yaml.safe_load(text) == [{"name": "api", "text": "a\nb\n"}]
    assert "text: |\n" in text


def test_events_are_lines_for_people_and_objects_a_line_for_machines(capsys: pytest.CaptureFixture[str]) -> None:
    outputs = {}
    for output_format in OutputFormat:
        for number in range(2):
            Output(output_format).event(f"event {number}", {"number": number})
        outputs[output_format] = capsys.readouterr().out

    assert outputs[OutputFormat.TABLE] == "event 0\nevent 1\n"
    assert [json.loads(line) for line in outputs[OutputFormat.JSON].splitlines()] == [{"number": 0}, {"number": 1}]
    assert list(yaml.safe_load_all(outputs[OutputFormat.YAML])) == [{"number": 0}, {"number": 1}]


def test_notes_go_to_stderr_and_remarks_to_people_only(capsys: pytest.CaptureFixture[str]) -> None:
    for output_format in (OutputFormat.TABLE, OutputFormat.JSON):
        Output(output_format).note("note")
        Output(output_format).remark("remark")

    captured = capsys.readouterr()
    assert captured.out == "remark\n"
    assert captured.err == "note\nnote\n"
