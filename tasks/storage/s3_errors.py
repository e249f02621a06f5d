"""Errors of S3: work is tried again after those that may pass; the others become errors in our own words.

No text of a server or of boto3 is passed on: a server, or a helper that fetches credentials, may have put a secret into
it.
"""

import os
import re
from collections.abc import Callable
from contextlib import suppress
from time import monotonic, sleep
from typing import Any, TypeVar
from urllib.parse import urlsplit

from botocore import exceptions
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError

from tasks.storage.base import StorageError


class AbsentError(StorageError):
    """The server answered that there is no object under a key."""


class UnsupportedError(StorageError):
    """The server does not know the operation: not all S3 servers know uploads in parts."""


ROUNDS = 8
"""How often an operation is tried at most."""

PAUSE = 0.2
"""Seconds before the second round; doubled before each further round."""

PATIENCE = 30.0
"""Seconds after which no further round begins."""

_T = TypeVar("_T")

_FAILURES = (exceptions.BotoCoreError, exceptions.ClientError, ResponseParserError, HTTPError)
_BROKEN = (
    exceptions.FlexibleChecksumError,
    exceptions.HTTPClientError,
    exceptions.IncompleteReadError,
    ResponseParserError,
    HTTPError,
)
_NAME = re.compile(r"(?=.{2,60}$)[A-Z.]*[a-z][A-Za-z.]*")
_ABSENT = {("AbortMultipartUpload", "NoSuchUpload"), ("GetObject", "NoSuchKey"), ("HeadObject", "404")}
_UNSUPPORTED = {"MethodNotAllowed", "NotImplemented", "405", "501"}
_PASSING = {500, 502, 503, 504}
_THROTTLED = {"RequestLimitExceeded", "RequestTimeout", "SlowDown", "Throttling", "ThrottlingException", "429"}

_SET = "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
_DENIED = (
    "access denied; allow these credentials s3:ListBucket and s3:GetObject, "
    "for an output s3:PutObject and s3:AbortMultipartUpload too"
)
_REFUSED = f"the credentials are not accepted; {_SET}"
_EXPIRED = "the credentials have expired; renew them"
TOO_LONG = "the key is too long; use one of at most 1024 bytes, prefix included"
_FULL = "the server has no room left; delete what is not needed, or have the quota raised"
_ELSEWHERE = "the bucket is in another region; set AWS_DEFAULT_REGION to its own"
_ANSWERS = {
    "403": _DENIED,
    "AccessDenied": _DENIED,
    "AllAccessDisabled": _DENIED,
    "AuthorizationHeaderMalformed": _ELSEWHERE,
    "ExpiredToken": _EXPIRED,
    "IllegalLocationConstraintException": _ELSEWHERE,
    "InvalidAccessKeyId": _REFUSED,
    "InvalidObjectState": "it is archived; restore it first",
    "InvalidToken": _REFUSED,
    "KeyTooLongError": TOO_LONG,
    "NoSuchBucket": "no such bucket; check its name",
    "PermanentRedirect": _ELSEWHERE,
    "QuotaExceeded": _FULL,
    "RequestTimeTooSkewed": "this machine's clock is not the server's; set it",
    "SignatureDoesNotMatch": _REFUSED,
    "TokenRefreshRequired": _EXPIRED,
    "XMinioAdminBucketQuotaExceeded": _FULL,
    "XMinioStorageFull": _FULL,
}
_CHECKED_WRITES = ("PutObject", "UploadPart")
_CHECKSUMS = (
    "the server refused with {code}, as servers do that know no checksums; "
    "set AWS_REQUEST_CHECKSUM_CALCULATION=when_required"
)
_CHECKSUM_ANSWERS = {
    "BadRequest",
    "InvalidArgument",
    "InvalidRequest",
    "MissingContentLength",
    "NotImplemented",
    "SignatureDoesNotMatch",
    "400",
    "411",
    "501",
}
"""What servers answer to a write whose checksum they do not know, by name or status.

Signatures are accepted by then: a read, or the beginning of an upload, comes before each write.
"""

_BREAKDOWNS = (
    ((exceptions.NoCredentialsError, exceptions.PartialCredentialsError), f"no credentials found; {_SET}"),
    (
        (exceptions.CredentialRetrievalError, exceptions.SSOError, exceptions.TokenRetrievalError),
        "the credentials of this profile cannot be fetched; sign in anew or check AWS_PROFILE",
    ),
    (exceptions.ProfileNotFound, "AWS_PROFILE names no profile; check it and the files in ~/.aws"),
    (
        exceptions.InvalidConfigError,
        "AWS_ENDPOINT_URL_S3, AWS_DEFAULT_REGION or AWS_MAX_ATTEMPTS has a value that boto3 refuses; correct it",
    ),
    (
        exceptions.SSLError,
        "{host} has no certificate that is trusted, or speaks no TLS; "
        "check AWS_CA_BUNDLE, REQUESTS_CA_BUNDLE and AWS_ENDPOINT_URL_S3",
    ),
    (exceptions.ReadTimeoutError, "the server did not answer in time; try again later"),
    (exceptions.ProxyConnectionError, "the proxy {host} is not reachable; check HTTPS_PROXY and HTTP_PROXY"),
    (exceptions.ConnectionError, "{host} is not reachable; check the network and AWS_ENDPOINT_URL_S3"),
    (_BROKEN, "the connection or the answer broke off, again and again; try again later"),
    (Exception, "boto3 gave up with {name}; check the AWS_ variables and the files in ~/.aws"),
)
"""Errors without an answer of a server, and their reasons: the first kind that fits counts."""


def attempt(subject: str, doing: str, work: Callable[[], _T]) -> _T:
    """The result of `work`, which is called again, up to `ROUNDS` times, after an error that may pass.

    botocore itself tries each request several times. Rounds are for errors that it does not see, such as a body that
    breaks off while it is read, and for the time after its quota of retries is used up.

    Args:
        subject: kind and URI of the object, for the error: `object 's3://bucket/a.png'`.
        doing: the operation, for the error: `read`.
        work: talks to the server; called anew in each round.

    Raises:
        AbsentError: there is no such object.
        UnsupportedError: the server does not know the operation.
        StorageError: the operation failed; the text says why and what to do.
    """
    try:
        return _patiently(work)
    except _FAILURES as error:
        if (getattr(error, "operation_name", None), _code(error)) in _ABSENT:
            raise AbsentError(f"{subject} does not exist; check its key") from None
        kind = UnsupportedError if _code(error) in _UNSUPPORTED else StorageError
        raise kind(f"{subject} cannot be {doing}: {reason(error)}") from None


def reason(error: Exception) -> str:
    """The reason for `error` in our own words, and what to do."""
    if isinstance(error, exceptions.ClientError):
        return _of_answer(error)
    words = next(words for kind, words in _BREAKDOWNS if isinstance(error, kind))
    return words.format(host=_server(error), name=type(error).__name__)


def host(url: str) -> str:
    """The host and port of a server: the parts of its URL that are not secret."""
    with suppress(ValueError):  # a port that is no number
        parts = urlsplit(url)
        if parts.hostname:
            return f"{parts.hostname}:{parts.port}" if parts.port else parts.hostname
    return "the endpoint"


def _patiently(work: Callable[[], _T]) -> _T:
    begun = monotonic()
    for number in range(ROUNDS - 1):
        try:
            return work()
        except _FAILURES as error:
            if not _may_pass(error) or monotonic() - begun > PATIENCE:
                raise
        sleep(PAUSE * 2**number)
    return work()


def _may_pass(error: Exception) -> bool:
    if isinstance(error, exceptions.ClientError):
        return _status(error) in _PASSING or _code(error) in _THROTTLED
    passing = isinstance(error, (*_BROKEN, exceptions.ConnectionError))
    return passing and not isinstance(error, exceptions.SSLError)


def _of_answer(error: Any) -> str:
    code = _code(error)
    if code in _THROTTLED or _status(error) == 503:
        return "the server asks for fewer requests, again and again; try again later"
    if _status(error) in _PASSING:
        return f"the server failed with {code}, again and again; try again later"
    if code in _CHECKSUM_ANSWERS and _has_checksum(error):
        return _CHECKSUMS.format(code=code)
    return _ANSWERS.get(code, f"the server refused with {code}; look it up in the server's documentation")


def _has_checksum(error: Any) -> bool:
    """True if the refused request bore a checksum that the server need not know."""
    chosen = os.environ.get("AWS_REQUEST_CHECKSUM_CALCULATION", "")
    return error.operation_name in _CHECKED_WRITES and chosen.lower() != "when_required"


def _code(error: Any) -> str:
    """The server's name for an error, or its HTTP status; empty where no server answered.

    A name has capitals, small letters and no digits: an access key does not pass for one.
    """
    if not isinstance(error, exceptions.ClientError):
        return ""
    code = str(error.response.get("Error", {}).get("Code") or "")
    return code if _NAME.fullmatch(code) else str(_status(error))


def _status(error: Any) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _server(error: Any) -> str:
    """The host that could not be reached."""
    told = getattr(error, "kwargs", {})
    return host(str(told.get("endpoint_url") or told.get("proxy_url") or ""))
