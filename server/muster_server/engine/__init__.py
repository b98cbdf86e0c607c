"""The one owner of all mutable state, and the hub that pushes what changes."""
