"""Patterns in which `*` stands for any text."""


def is_like(text: str, pattern: str) -> bool:
    """True if a text is like a pattern: `*` stands for any text, also none, everything else for itself. One pass over the text.

    >>> is_like("app.yaml", "*.yaml"), is_like("app.yaml", "app"), is_like("aba", "ab*ba")
    (True, False, False)
    """
    first, *pieces = pattern.split("*")
    if not pieces:
        return text == pattern
    if not text.startswith(first):
        return False
    position = len(first)
    for piece in pieces[:-1]:
        found = text.find(piece, position)
        if found < 0:
            return False
        position = found + len(piece)
    return len(text) - len(pieces[-1]) >= position and text.endswith(pieces[-1])
