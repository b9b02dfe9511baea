"""THE DOOR: the only room that prints and sets exit codes."""
