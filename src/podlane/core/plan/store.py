"""How the helper reaches one object of a shared cache: by requests that are signed already, or by
credentials that are good for this object alone. No long-lived credential is ever in here."""

from __future__ import annotations

import msgspec

from podlane.core.text.token import Token


class Signed(msgspec.Struct, frozen=True, omit_defaults=True):
    """One request, ready to be sent as it is. Whoever has `url` may do it: it is a secret."""

    url: Token
    headers: dict[str, Token] = {}


class S3Parts(msgspec.Struct, frozen=True, omit_defaults=True, tag="s3-parts"):
    """A multipart upload that the manager has opened: part n is `parts[n - 1]` (PUT).

    How large a part is, the helper chooses: at least 5 MiB, but for the last. `complete` is a
    POST, `abort` a DELETE; one of them is sent in any case.
    """

    parts: tuple[Signed, ...]
    complete: Signed
    abort: Signed


class S3Session(msgspec.Struct, frozen=True, omit_defaults=True, tag="s3-session"):
    """Temporary credentials that may write this one object. `url`: the object's, unsigned."""

    url: str
    region: str
    access_key: Token
    secret_key: Token
    session_token: Token
    headers: dict[str, str] = {}


class AzureBlocks(msgspec.Struct, frozen=True, omit_defaults=True, tag="azure-blocks"):
    """A blob whose URL ends in a SAS: blocks are put with further query parameters."""

    url: Token


class GcsResumable(msgspec.Struct, frozen=True, omit_defaults=True, tag="gcs-resumable"):
    """POST `start`: the answer's Location is where the pieces go."""

    start: Signed


Pieces = S3Parts | S3Session | AzureBlocks | GcsResumable


class StoreObject(msgspec.Struct, frozen=True, omit_defaults=True):
    """One object. `name` is its key in the bucket, for people; `expires_at`: epoch seconds.

    `put` takes the whole archive in one request of at most `put_limit` bytes; `pieces` is the way
    for a larger one, or for several at a time. None: that cannot be done here.
    """

    name: str
    expires_at: float = 0
    get: Signed | None = None
    head: Signed | None = None
    put: Signed | None = None
    put_limit: int = 5 * 1024**3
    pieces: Pieces | None = None


class Wanted(msgspec.Struct, frozen=True):
    """An object that a job may ask for. `name`: its key in the bucket; `key`: the cache's, as its
    author wrote it."""

    name: str
    key: str
    is_read: bool = False
    is_written: bool = False


class Window(msgspec.Struct, frozen=True):
    """From when (epoch seconds) and how long a job needs its objects."""

    now: float
    seconds: float


class Ask(msgspec.Struct, frozen=True):
    """What a job needs of the shared cache. `size_limit`: of an archive; 0 is no limit."""

    wanted: tuple[Wanted, ...]
    window: Window
    with_pieces: bool = False
    size_limit: int = 0


class Shelf(msgspec.Struct, frozen=True):
    """What the shared cache holds ready for one job: objects by name, and what went wrong."""

    objects: dict[str, StoreObject] = {}
    warnings: tuple[str, ...] = ()

    def open_uploads(self) -> tuple[Token, ...]:
        """What aborts the uploads that are open, as URLs to DELETE."""
        pieces = (one.pieces for one in self.objects.values())
        return tuple(one.abort.url for one in pieces if isinstance(one, S3Parts))
