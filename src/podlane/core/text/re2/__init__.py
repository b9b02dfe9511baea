"""Patterns as Go's `regexp` reads them, matched in time that grows with the text alone."""
