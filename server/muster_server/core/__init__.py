"""The pure model and its rules: no clock, no I/O, no wire."""
