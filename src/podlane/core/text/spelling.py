"""How other programs write a text: a secret must not be seen in any of these forms either."""

from __future__ import annotations

import json
import urllib.parse

# as bash writes within $'…'
_NAMED = dict(zip("\\'\a\b\t\n\v\f\r\x1b", "\\'abtnvfrE", strict=True))
_CONTROL = {chr(code): f"{code:03o}" for code in (*range(1, 32), 127)}
_SHORTEST = 4  # what is left of a shorter text would be found everywhere
_ANSI_C = str.maketrans({sign: f"\\{name}" for sign, name in (_CONTROL | _NAMED).items()})
_IN_DOUBLE_QUOTES = str.maketrans({sign: f"\\{sign}" for sign in '\\"$`'})


def spellings(text: str) -> tuple[str, ...]:
    """`text` and what becomes of it where shells (`set -x`, `export -p`), JSON and URLs write it.

    One text for most: only signs that need quoting have several spellings.
    """
    if len(text) < _SHORTEST:
        return (text,)
    inside = (text.replace("'", form).strip("'") for form in ("'\\''", "'\"'\"'"))
    doubled = text.translate(_IN_DOUBLE_QUOTES)
    as_json = (json.dumps(text, ensure_ascii=plain)[1:-1] for plain in (True, False))
    in_url = urllib.parse.quote(text, safe=""), urllib.parse.quote_plus(text)
    every = (text, *inside, text.translate(_ANSI_C), doubled, *as_json, *in_url)
    return tuple(dict.fromkeys(every))
