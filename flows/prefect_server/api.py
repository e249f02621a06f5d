"""Check the Prefect API that flows report to, so that a user sees one line instead of Prefect's traceback."""

import os
import re
from typing import Any
from urllib.parse import urlsplit

import httpx

from flows.prefect_server.network import is_this_machine, unusable_variables, variables_for_this_machine
from flows.prefect_server.settings import set_environment
from nst_engine.errors import NightbrushError
from nst_engine.hardware.quiet_import import import_quietly

_PATIENCE_SECONDS = 5
_REMEDY = "use an address such as http://127.0.0.1:4200/api, or unset it"


class ApiError(NightbrushError):
    """Flows cannot report to Prefect with its present settings; the text says why and what to do."""


def api_address() -> str | None:
    """The address of the API that flows report to, once it has answered; None if no API is set.

    Raises:
        ApiError: Prefect's settings are not allowed, or the API does not answer.
    """
    _require_address(os.environ.get("PREFECT_API_URL"))
    url = _settings().api.url
    _require_address(url)
    if not url:
        return None
    if not is_this_machine(url):
        _require_network(url)
    with set_environment(variables_for(url)):
        if trouble := _find_trouble():
            raise ApiError(f"{_hide_password(url)} {trouble}")
    return _hide_password(url)


def variables_for(url: str | None) -> dict[str, str | None]:
    """Changes to the environment with which Prefect can report to an API, or to one within this process for None."""
    return variables_for_this_machine() if url is None or is_this_machine(url) else {}


def require_embedded() -> None:
    """Raise an error unless Prefect may run inside this process.

    Raises:
        ApiError: Prefect's settings forbid it.
    """
    if not _settings().server.ephemeral.enabled:
        raise ApiError("Prefect may not run embedded, as it is set up; leave out --no-history, or set PREFECT_API_URL")


def load_prefect() -> Any:
    """Load Prefect, which reads the network's variables, whatever they say; returns `prefect.settings`."""
    with set_environment(variables_for_this_machine()):
        return import_quietly("prefect.settings")


def _settings() -> Any:
    try:
        return load_prefect().get_current_settings()  # Prefect's own message has many lines
    except ValueError as error:
        reason = " ".join(str(error).partition(" [type=")[0].split())  # the rest repeats the value
        raise ApiError(f"Prefect refuses its settings: {reason}; correct its variables or profile") from error


def _require_address(url: str | None) -> None:
    """Raise an error if an address is set and is not that of an HTTP server."""
    try:
        parts = urlsplit(url or "http://unset")
        is_allowed = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets or a port that make no address
        is_allowed = False
    if not is_allowed:
        raise ApiError(f"PREFECT_API_URL={_hide_password(str(url))!r} is not allowed; {_REMEDY}")


def _require_network(url: str) -> None:
    """Raise an error if the way to an address is barred by a variable that cannot be used."""
    for name, reason in unusable_variables().items():
        value = _hide_password(os.environ[name])
        raise ApiError(f"{name}={value!r} cannot be used to reach {_hide_password(url)}: {reason}; correct or unset it")


def _find_trouble() -> str | None:
    """What is wrong with the API; None if it answers, takes our keys, and has a version that fits."""
    from prefect.client.orchestration import get_client  # takes a second, and an embedded run does not need it

    with get_client({"timeout": _PATIENCE_SECONDS}, sync_client=True) as client:
        if error := client.api_healthcheck():
            return f"does not answer: {_reason(error)}; start it or unset PREFECT_API_URL"
        try:
            client.raise_for_api_version_mismatch_once()
        except (RuntimeError, httpx.HTTPError) as error:
            return f"cannot be used: {_reason(error)}; correct PREFECT_API_URL or unset it"
    return None


def _reason(error: Exception) -> str:
    return _hide_password(str(error).partition("\n")[0]) or type(error).__name__


def _hide_password(text: str) -> str:
    """Remove passwords from the URLs in a text."""
    return re.sub(r"//\S*@", "//", text)
