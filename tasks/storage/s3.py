"""A bucket as a storage. It loads boto3: `open_storage` imports this module for the first `s3://` address."""

import logging
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from hashlib import md5
from io import BytesIO
from pathlib import PurePosixPath
from threading import Lock
from typing import Any
from xml.etree import ElementTree

import boto3
import botocore.session
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import InvalidConfigError

from tasks.storage.base import Entry, OnError, Storage, StorageError, check_key, check_size, ignore
from tasks.storage.s3_errors import TOO_LONG, AbsentError, UnsupportedError, attempt

CONTENT_TYPES = {
    ".csv": "text/csv; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".json": "application/json",
    ".png": "image/png",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".webp": "image/webp",
}
"""The content type of an object, by the suffix of its key; for any other suffix `application/octet-stream`."""

_MEBIBYTE = 2**20
_TRANSFER = TransferConfig(
    multipart_threshold=16 * _MEBIBYTE,
    multipart_chunksize=8 * _MEBIBYTE,
    max_concurrency=4,
    preferred_transfer_client="classic",
)
_REQUESTS = {"connect_timeout": 10, "read_timeout": 30, "max_pool_connections": 32}  # seconds, seconds, connections
_ATTEMPTS = 8
_LONGEST_KEY = 1024  # bytes
_BUCKET = re.compile(r"(?!.*\.\.)(?!\d+(\.\d+){3}$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_making = Lock()


class S3Storage:
    """The objects of `bucket` whose keys begin with `prefix` and `/`; the keys here are without them.

    Credentials, region, profile and endpoint are those of boto3: AWS_PROFILE, AWS_ENDPOINT_URL_S3 and the like, or the
    files in `~/.aws`. They need s3:ListBucket and s3:GetObject, for an output s3:PutObject and s3:AbortMultipartUpload.
    """

    def __init__(self, bucket: str, prefix: str = "") -> None:
        self.bucket, self.prefix = bucket, prefix.removesuffix("/")
        if ":" in bucket or "@" in bucket:
            raise StorageError(
                "an s3:// address bears no credentials, host or port; set AWS_PROFILE or AWS_ENDPOINT_URL_S3"
            )
        if not _BUCKET.fullmatch(bucket) or not (self.prefix == "" or _is_key(self.prefix)):
            address = f"s3://{bucket}/{prefix}" if prefix else f"s3://{bucket}"
            remedy = "use s3://bucket/prefix, the bucket's name of 3 to 63 of a-z, 0-9, '.' and '-'"
            raise StorageError(f"storage {address!r} is no bucket's address; {remedy}")
        self._root = f"{self.prefix}/" if self.prefix else ""

    def list(self, prefix: str = "", onerror: OnError = ignore) -> Iterator[Entry]:
        """The objects whose keys begin with `prefix`, in the server's order, asked for page by page.

        Keys that are not allowed here, such as `a//b`, are left out and reported. Keys that end in `/`, which stand for
        folders, are left out silently.
        """
        for item in self._items(self._root + prefix):
            key = item["Key"].removeprefix(self._root)
            if not key or key.endswith("/"):
                continue
            try:
                _require_key(key)
            except StorageError as error:
                onerror(key, error)
            else:
                yield Entry(key, item["Size"], _etag(item))

    def read(self, key: str) -> bytes:
        """The bytes of the object `key`."""
        place, subject = self._place(key), self._object(key)

        def whole() -> bytes:
            answer = client().get_object(**place)
            check_size(subject, answer["ContentLength"])
            return bytes(answer["Body"].read())

        return attempt(subject, "read", whole)

    def write(self, key: str, data: bytes) -> Entry:
        """Put `data` into the object `key`, in parts if it is large.

        A process that is killed during a write may leave parts behind. No listing shows them; a lifecycle rule of the
        bucket removes them.
        """
        place = self._place(key)
        kind = {"ContentType": CONTENT_TYPES.get(PurePosixPath(key).suffix.lower(), "application/octet-stream")}
        if len(data) < _TRANSFER.multipart_threshold:
            answer = attempt(self._object(key), "written", lambda: client().put_object(**place, **kind, Body=data))
            return Entry(key, len(data), _etag(answer))
        attempt(
            self._object(key),
            "written",
            lambda: client().upload_fileobj(BytesIO(data), **place, ExtraArgs=kind, Config=_TRANSFER),
        )
        return self._written_in_parts(key, data)

    def _written_in_parts(self, key: str, data: bytes) -> Entry:
        """The entry of an object that was written in parts, its ETag only if it is that of these bytes.

        boto3 does not tell the ETag of such a write, and another process may have written in the meantime.
        """
        entry, etag = self.head(key), _etag_of_parts(data)
        return Entry(key, len(data), etag if entry and entry.etag == etag else None)

    def head(self, key: str) -> Entry | None:
        """The entry of the object `key`, or None where there is none."""
        place = self._place(key)
        try:
            found = attempt(self._object(key), "looked up", lambda: client().head_object(**place))
        except AbsentError:
            return None
        return Entry(key, found["ContentLength"], _etag(found))

    def uri(self, key: str = "") -> str:
        """`s3://bucket/prefix`, or `s3://bucket/prefix/key`."""
        if key:
            check_key(key)
        return "/".join(filter(None, (f"s3://{self.bucket}", self.prefix, key)))

    def exists(self) -> bool:
        """True: a prefix need not be made, and whether there is such a bucket tells its first use."""
        return True

    def contains(self, other: Storage) -> bool:
        """Whether `other` is of this bucket, and its prefix this one or below it."""
        return isinstance(other, S3Storage) and other.bucket == self.bucket and other._root.startswith(self._root)

    def require_writable(self, folders: Iterable[str] = ("",)) -> tuple[str, ...]:
        """Check that objects can be written: begin an upload in parts, send one, and abort the upload.

        A server without uploads in parts is not checked; the first write shows whether it accepts objects.

        Raises:
            StorageError: objects cannot be written.
        """
        for folder in folders:
            self._probe(self._place("/".join(filter(None, (folder, ".nightbrush-probe")))))
        return ()

    def require_name(self, key: str) -> None:
        """Check that the key is not too long.

        Raises:
            StorageError: it is.
        """
        if len(self._place(key)["Key"].encode()) > _LONGEST_KEY:
            raise StorageError(f"{self._object(key)} cannot be written: {TOO_LONG}")

    def _probe(self, place: Mapping[str, str]) -> None:
        """Send an object to a place as a write does, and withdraw it."""
        storage = f"storage {self.uri()!r}"
        try:
            upload = attempt(storage, "written", lambda: client().create_multipart_upload(**place)["UploadId"])
        except UnsupportedError:
            return
        parts = {**place, "UploadId": upload}
        try:
            attempt(storage, "written", lambda: client().upload_part(**parts, PartNumber=1, Body=BytesIO(b"probe")))
        finally:
            with suppress(AbsentError, UnsupportedError):  # aborted in a round whose answer was lost, or never
                attempt(storage, "written", lambda: client().abort_multipart_upload(**parts))

    def _items(self, prefix: str) -> Iterator[dict[str, Any]]:
        """The objects as the server lists them; the next page is fetched while one is consumed."""
        with ThreadPoolExecutor(1) as pool:
            page = self._page(Prefix=prefix)
            while token := page.get("NextContinuationToken"):
                upcoming = pool.submit(self._page, Prefix=prefix, ContinuationToken=token)
                yield from page["Contents"]
                page = upcoming.result()
            yield from page["Contents"]

    def _page(self, **query: str) -> dict[str, Any]:
        storage = f"storage {self.uri()!r}"
        return dict(attempt(storage, "listed", lambda: client().list_objects_v2(Bucket=self.bucket, **query)))

    def _place(self, key: str) -> dict[str, str]:
        _require_key(key)
        return {"Bucket": self.bucket, "Key": self._root + key}

    def _object(self, key: str) -> str:
        return f"object {self.uri(key)!r}"


def client() -> Any:
    """The one S3 client of this process, made at the first call; threads share it.

    Raises:
        BotoCoreError: boto3 refuses the value of an AWS_ variable or file.
    """
    with _making:
        return _client_of(os.getpid())


@cache
def _client_of(_process: int) -> Any:
    made = new_client(botocore.session.get_session())
    made.meta.events.register("before-parse.s3.ListObjectsV2", _read_objects)
    return made


def new_client(session: Any) -> Any:
    """A client with the settings of a botocore session, and ours where the session has none.

    Raises:
        BotoCoreError: boto3 refuses the value of an AWS_ variable or file.
    """
    for chatter in ("boto3", "botocore", "s3transfer"):
        logging.getLogger(chatter).setLevel(logging.INFO)  # below that they log session tokens
    try:
        retries = {
            "mode": os.environ.get("AWS_RETRY_MODE", "adaptive"),
            "total_max_attempts": session.get_config_variable("max_attempts") or _ATTEMPTS,
        }
        config = Config(retries=retries, **_REQUESTS)
        return boto3.Session(botocore_session=session).client("s3", config=config)
    except ValueError as error:
        raise InvalidConfigError(error_msg=str(error)) from error


def _read_objects(response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any) -> None:
    """Take the objects out of a listing before botocore reads it, which takes four times as long, mostly for dates."""
    try:
        page = ElementTree.fromstring(response_dict["body"])  # noqa: S314 - botocore does no other
    except ElementTree.ParseError:
        return
    space = page.tag[: page.tag.find("}") + 1]
    key, size, etag = (f"{space}{name}" for name in ("Key", "Size", "ETag"))
    objects = page.findall(f"{space}Contents")
    customized_response_dict["Contents"] = [
        {"Key": item.findtext(key, ""), "Size": int(item.findtext(size, "0")), "ETag": item.findtext(etag, "")}
        for item in objects
    ]
    for item in objects:
        page.remove(item)
    response_dict["body"] = ElementTree.tostring(page)


def _require_key(key: str) -> None:
    check_key(key)
    try:
        key.encode()
    except UnicodeEncodeError as error:
        raise StorageError(f"key {key!r} is not UTF-8, which S3 asks for; rename it") from error


def _is_key(key: str) -> bool:
    try:
        _require_key(key)
    except StorageError:
        return False
    return True


def _etag_of_parts(data: bytes) -> str:
    """The ETag that S3 gives to an object in parts, unless it is encrypted with a key of one's own."""
    starts = range(0, len(data), _TRANSFER.multipart_chunksize)
    digests = [
        md5(data[start : start + _TRANSFER.multipart_chunksize], usedforsecurity=False).digest() for start in starts
    ]
    return f"{md5(b''.join(digests), usedforsecurity=False).hexdigest()}-{len(digests)}"


def _etag(item: Mapping[str, Any]) -> str | None:
    return item.get("ETag", "").strip('"') or None
