"""The rules of the core, told as stories: stories/*.txt."""

from pathlib import Path

import pytest

from core.story import play

STORIES = sorted((Path(__file__).parent / "stories").glob("*.txt"))


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_story_goes_as_told(path: Path) -> None:
    steps = play(path.read_text())

    assert steps
    for line, expected, got in steps:
        assert got == expected, f"{path.name}, the step that ends before line {line}"
