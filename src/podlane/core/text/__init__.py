"""Small pure functions on text, one notion a file: tokens, quoting, expansion, durations, globs."""
