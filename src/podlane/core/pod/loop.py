"""Placeholder of the helper part's loop; dropped at the merge."""

LOOP = "exec sh"
