"""Patterns: `*` stands for any text, everything else for itself."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from muster_server.core.patterns import is_like

letters = st.text("ab.*", max_size=8)


@pytest.mark.parametrize(
    ("text", "pattern", "is_alike"),
    [
        ("app.yaml", "app.yaml", True),
        ("app.yaml", "app", False),
        ("app.yaml", "*.yaml", True),
        ("app.yaml", "app*", True),
        ("app.yaml", "*pp*am*", True),
        ("app.yaml", "a*p*p*p*", False),
        ("aba", "ab*ba", False),
        ("a\nb", "a*b", True),
        ("", "*", True),
        ("", "", True),
        ("a?", "a?", True),
        ("ab", "a?", False),
    ],
)
def test_text_is_like_a_pattern_or_not(text: str, pattern: str, is_alike: bool) -> None:
    assert is_like(text, pattern) is is_alike


@given(letters, letters)
def test_pattern_means_what_the_expression_means(text: str, pattern: str) -> None:
    expression = ".*".join(re.escape(piece) for piece in pattern.split("*"))

    assert is_like(text, pattern) is (re.fullmatch(expression, text, re.DOTALL) is not None)
