"""Signatures of the three clouds: pure, with the time handed in."""
