"""Decides everything, touches nothing: no clock, no files, no network, no logging."""
