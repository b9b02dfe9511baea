"""What is said of a `[runners.cache]` that is read, and may not do what its writer expects."""

from __future__ import annotations

from podlane.core.config import cache
from podlane.core.config.cache import CacheConfig
from podlane.core.config.notes import ConfigNote
from podlane.core.config.place import Found, Place


def remarks(settings: CacheConfig, place: Place) -> list[Found]:
    """`place`: the table `cache` of its runner."""
    if not settings.type:
        return []
    s3 = cache.s3_settings(settings)
    found: list[tuple[str, str]] = []
    if lacking := cache.missing(settings):
        found.append(("Type", f"lacks `{lacking}`: jobs get no shared cache"))
    if settings.type == "s3":
        if bool(s3.access_key) != bool(s3.secret_key):
            have, lack = ("AccessKey", "SecretKey") if s3.access_key else ("SecretKey", "AccessKey")
            found.append((f"s3.{have}", f"has no `{lack}` beside it and is not used"))
        if s3.upload_role_arn:
            found.append(("s3.UploadRoleARN", "is the older name of `RoleARN`"))
    for field in cache.MOVED:
        if getattr(settings, field):
            key = "".join(word.capitalize() for word in field.split("_"))
            found.append((key, "now belongs into `[runners.cache.s3]`; it still counts"))
    return [_found(key, what, place) for key, what in found]


def _found(key: str, what: str, place: Place) -> Found:
    shown = place.key(key)
    note = ConfigNote("careful", shown, f"`{shown}` {what}")
    return Found(note, (*place.path, *key.split(".")))
