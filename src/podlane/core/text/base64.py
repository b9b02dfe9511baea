"""Whether a text is base64."""

from __future__ import annotations

import base64
import binascii

from podlane.core.text.token import Token


def is_base64(text: Token) -> bool:
    try:
        return bool(base64.b64decode(text.reveal(), validate=True))
    except (binascii.Error, ValueError):
        return False
