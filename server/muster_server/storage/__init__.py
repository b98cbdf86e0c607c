"""Where state survives: the port, and one adapter each for memory and sqlite."""
