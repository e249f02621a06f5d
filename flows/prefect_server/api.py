"""The Prefect API that flows report to, looked at before a flow ends in Prefect's own traceback."""

import os
import re
from typing import Any
from urllib.parse import urlsplit

import httpx

from nst_engine.errors import NightbrushError
from nst_engine.hardware.quiet_import import import_quietly

_PATIENCE_SECONDS = 5
_REMEDY = "use an address such as http://127.0.0.1:4200/api, or unset it"


class ApiError(NightbrushError):
    """Flows cannot report to Prefect as it is set up; the text says why and what to do."""


def api_address() -> str | None:
    """The address of the API that flows are to report to, which answers; None where none is set.

    Raises:
        ApiError: Prefect's settings are not allowed, or the API does not answer.
    """
    _require_address(os.environ.get("PREFECT_API_URL"))
    url = _settings().api.url
    _require_address(url)
    if url and (trouble := _trouble()):
        raise ApiError(f"{_shown(url)} {trouble}")
    return _shown(url) if url else None


def require_embedded() -> None:
    """See that Prefect may run inside this process.

    Raises:
        ApiError: it may not.
    """
    if not _settings().server.ephemeral.enabled:
        raise ApiError("Prefect may not run embedded, as it is set up; leave out --no-history, or set PREFECT_API_URL")


def _settings() -> Any:
    try:
        return import_quietly("prefect.settings").get_current_settings()  # told below; Prefect takes many lines for it
    except ValueError as error:
        reason = " ".join(str(error).partition(" [type=")[0].split())  # what follows repeats the value
        raise ApiError(f"Prefect refuses its settings: {reason}; correct its variables or profile") from error


def _require_address(url: str | None) -> None:
    """See that an address, if there is one, is that of an HTTP server."""
    try:
        parts = urlsplit(url or "http://unset")
        is_good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets, or a port, that are none
        is_good = False
    if not is_good:
        raise ApiError(f"PREFECT_API_URL={_shown(str(url))!r} is not allowed; {_REMEDY}")


def _trouble() -> str | None:
    """What is wrong with the API, asked as a flow would ask it: with its keys, and for its version."""
    from prefect.client.orchestration import get_client  # takes a second, and is not needed to run embedded

    with get_client({"timeout": _PATIENCE_SECONDS}, sync_client=True) as client:
        if error := client.api_healthcheck():
            return f"does not answer: {_reason(error)}; start it or unset PREFECT_API_URL"
        try:
            client.raise_for_api_version_mismatch_once()
        except (RuntimeError, httpx.HTTPError) as error:
            return f"cannot be used: {_reason(error)}; correct PREFECT_API_URL or unset it"
    return None


def _reason(error: Exception) -> str:
    return _shown(str(error).partition("\n")[0]) or type(error).__name__


def _shown(text: str) -> str:
    """A URL, or a text with one, without the password that may stand in it."""
    return re.sub(r"//\S*@", "//", text)
