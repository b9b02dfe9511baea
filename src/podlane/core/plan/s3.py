"""Objects in S3 and what speaks like it: addresses, headers, signed requests, limited sessions."""

from __future__ import annotations

import re

import msgspec

from podlane.core.config.cache import AWS_SERVER, S3Cache
from podlane.core.plan.store import Ask, S3Parts, S3Session, Signed, StoreObject, Wanted, Window
from podlane.core.sign.aws import (
    LONGEST_SECONDS,
    AwsCredentials,
    Call,
    Signer,
    encode,
    sign_query,
)
from podlane.core.text.header import header_text
from podlane.core.text.token import Token

DEFAULT_REGION = "us-east-1"
MOST_PARTS = 128  # of 5 GiB at most, so 640 GiB; each costs the plan some 60 bytes once packed
_SMALL_PART = 8 * 1024**2
_REGION = re.compile(r"s3[.-](?:dualstack\.)?([a-z]{2}(?:-[a-z]+)+-\d)\.amazonaws\.com(?:\.cn)?")
_ENCRYPTIONS = {
    "s3": "AES256",
    "aes256": "AES256",
    "kms": "aws:kms",
    "aws:kms": "aws:kms",
    "dsse-kms": "aws:kms:dsse",
    "aws:kms:dsse": "aws:kms:dsse",
}


class Bucket(msgspec.Struct, frozen=True):
    """`root`: the URL that an object's name is put behind."""

    name: str
    root: str
    region: str

    def url(self, name: str) -> str:
        return f"{self.root}/{encode(name, '/')}"


class S3Access(msgspec.Struct, frozen=True):
    """A bucket, and who signs what is read there and what is written."""

    bucket: Bucket
    reader: AwsCredentials
    writer: AwsCredentials
    headers: dict[str, str] = {}  # of an upload, beside the object's own


class Way(msgspec.Struct, frozen=True):
    """How a large archive may go: by the writer's credentials, which then are a session for this
    object alone, or by an upload that is open."""

    has_session: bool = False
    upload_id: str = ""


NO_PIECES = Way()


def is_aws(s3: S3Cache) -> bool:
    """Whether the server is AWS itself, whose address depends on the region."""
    return _server(s3)[1] in ("", AWS_SERVER)


def bucket(s3: S3Cache, region: str = "") -> Bucket:
    """`region`: the bucket's, where the config does not name it and somebody found out."""
    scheme, server = _server(s3)
    named = _REGION.fullmatch(server)
    region = s3.bucket_location or (named[1] if named else "") or region or DEFAULT_REGION
    host = _aws_host(s3, region) if is_aws(s3) else server
    if _has_path_style(s3, scheme, host):
        return Bucket(s3.bucket_name, f"{scheme}://{host}/{encode(s3.bucket_name)}", region)
    return Bucket(s3.bucket_name, f"{scheme}://{s3.bucket_name}.{host}", region)


def upload_headers(s3: S3Cache) -> dict[str, str]:
    """How the server shall encrypt what it stores."""
    encryption = _ENCRYPTIONS.get(s3.server_side_encryption.lower(), "")
    if not encryption:
        return {}
    headers = {"x-amz-server-side-encryption": encryption}
    if "kms" in encryption and s3.server_side_encryption_key_id:
        key = "x-amz-server-side-encryption-aws-kms-key-id"
        headers[key] = s3.server_side_encryption_key_id
    return headers


def make_object(want: Wanted, access: S3Access, ask: Ask, way: Way = NO_PIECES) -> StoreObject:
    """The object with the requests that this job may make, each signed for itself alone."""

    def signed(method: str, headers: dict[str, str] | None = None) -> Signed:
        credentials = access.writer if method == "PUT" else access.reader
        call = Call(method, access.bucket.url(want.name), headers or {})
        return _signed(call, credentials, access.bucket.region, ask.window)

    pieces: S3Session | S3Parts | None = None
    if want.is_written and way.has_session:
        pieces = _session(want, access)
    elif want.is_written and way.upload_id:
        pieces = _parts(want, access, ask, way.upload_id)
    used = (access.reader, access.writer) if want.is_written else (access.reader,)
    return StoreObject(
        name=want.name,
        expires_at=_end(used, ask.window),
        get=signed("GET") if want.is_read else None,
        head=signed("HEAD"),
        put=signed("PUT", object_headers(want, access)) if want.is_written else None,
        pieces=pieces,
    )


def object_headers(want: Wanted, access: S3Access) -> dict[str, str]:
    return {**access.headers, "x-amz-meta-cachekey": header_text(want.key)}


def opening(want: Wanted, access: S3Access, now: float) -> Signed:
    """The POST that opens a multipart upload; its answer names the upload."""
    url = f"{access.bucket.url(want.name)}?uploads="
    call = Call("POST", url, object_headers(want, access))
    return _signed(call, access.writer, access.bucket.region, Window(now, 60))


def removal(place: Bucket, name: str, credentials: AwsCredentials, window: Window) -> Signed:
    return _signed(Call("DELETE", place.url(name)), credentials, place.region, window)


def _parts(want: Wanted, access: S3Access, ask: Ask, upload_id: str) -> S3Parts:
    """Every request of an upload that is open."""
    url = access.bucket.url(want.name)
    upload = f"uploadId={encode(upload_id)}"
    limit = ask.size_limit
    count = min(MOST_PARTS, -(-limit // _SMALL_PART)) if limit else MOST_PARTS

    def signed(method: str, query: str) -> Signed:
        call = Call(method, f"{url}?{query}")
        return _signed(call, access.writer, access.bucket.region, ask.window)

    return S3Parts(
        parts=tuple(signed("PUT", f"partNumber={n}&{upload}") for n in range(1, count + 1)),
        complete=signed("POST", upload),
        abort=signed("DELETE", upload),
    )


def _session(want: Wanted, access: S3Access) -> S3Session:
    """Hand the writer's credentials over: they must be good for this object alone."""
    return S3Session(
        url=access.bucket.url(want.name),
        region=access.bucket.region,
        access_key=access.writer.access_key,
        secret_key=access.writer.secret_key,
        session_token=access.writer.session_token,
        headers=object_headers(want, access),
    )


def session_policy(s3: S3Cache, place: Bucket, name: str) -> str:
    """What a session may do: write this object, and use the key that it is encrypted with.

    In a policy `*`, `?` and `$` of a name would stand for other objects, too.
    """
    literal = re.sub(r"[$*?]", lambda sign: f"${{{sign[0]}}}", name)
    resource = f"arn:{partition(place.region)}:s3:::{place.name}/{literal}"
    allowed = [_allow(["s3:PutObject", "s3:AbortMultipartUpload"], resource)]
    if "kms" in _ENCRYPTIONS.get(s3.server_side_encryption.lower(), ""):
        key = s3.server_side_encryption_key_id
        actions = ["kms:Decrypt", "kms:GenerateDataKey"]
        allowed.append(_allow(actions, key if key.startswith("arn:") else "*"))
    return msgspec.json.encode({"Version": "2012-10-17", "Statement": allowed}).decode()


def partition(region: str) -> str:
    for start, name in (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov")):
        if region.startswith(start):
            return name
    return "aws"


def upload_id(answer: bytes) -> str:
    """The name of the upload that was opened; "" when the answer holds none."""
    found = re.search(rb"<UploadId>([^<]+)</UploadId>", answer)
    return found[1].decode("utf-8", "replace") if found else ""


def _allow(actions: list[str], resource: str) -> dict[str, object]:
    return {"Effect": "Allow", "Action": actions, "Resource": resource}


def _signed(call: Call, credentials: AwsCredentials, region: str, window: Window) -> Signed:
    url = sign_query(Signer(credentials, region, "s3", window.now), call, window.seconds)
    return Signed(Token(url), {name: Token(value) for name, value in call.headers.items()})


def _end(used: tuple[AwsCredentials, ...], window: Window) -> float:
    """When the first of signatures and credentials ends: nothing is promised beyond."""
    ends = [one.expires_at for one in used if one.expires_at]
    return min(window.now + min(window.seconds, LONGEST_SECONDS), *ends, float("inf"))


def _server(s3: S3Cache) -> tuple[str, str]:
    """Scheme and host, with the port where it is not the scheme's own."""
    scheme, found, server = s3.server_address.strip().rpartition("://")
    if not found or scheme not in ("http", "https"):
        scheme = "http" if s3.insecure else "https"
    server = server.rstrip("/").lower()
    if server.count(":") > 1 and not server.startswith("["):
        server = f"[{server}]"
    return scheme, server.removesuffix(":80" if scheme == "http" else ":443")


def _aws_host(s3: S3Cache, region: str) -> str:
    domain = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    stack = "dualstack." if s3.dual_stack else ""
    if s3.accelerate:
        return f"s3-accelerate.{stack}{domain}"
    return f"s3.{stack}{region}.{domain}"


def _has_path_style(s3: S3Cache, scheme: str, host: str) -> bool:
    """Virtual hosts are what the big clouds have; a dot in the name breaks their certificates."""
    if s3.path_style is not None:
        return s3.path_style
    if scheme == "https" and "." in s3.bucket_name:
        return True
    clouds = ("amazonaws.com", "amazonaws.com.cn", "storage.googleapis.com", "aliyuncs.com")
    return not any(host == cloud or host.endswith(f".{cloud}") for cloud in clouds)
