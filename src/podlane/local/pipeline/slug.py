"""GitLab's slugs (`CI_COMMIT_REF_SLUG` and its kind): safe in host names and paths."""

from __future__ import annotations

import hashlib
import re


def slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "-", text.lower())[:63].strip("-")


def environment_slug(name: str) -> str:
    """At most 24 characters, begins with a letter; a digest marks a name that had to change."""
    text = re.sub(r"[^a-z0-9]+", "-", name.lower())
    if not text[:1].isalpha():
        text = f"env-{text}"
    text = re.sub(r"-+", "-", text)
    if len(text) <= 24 and text == name:
        return text
    digest = hashlib.sha256(name.encode()).hexdigest()
    number = int(digest, 16)
    letters = ""
    while number:
        number, rest = divmod(number, 36)
        letters = "0123456789abcdefghijklmnopqrstuvwxyz"[rest] + letters
    return f"{text[:17].rstrip('-')}-{letters[-6:]}"
