"""What the environment says of the network, where it concerns Prefect: proxies and certificates.

Other programs set these variables, and may name what only they can use, or what is gone by now. Talk within this
machine needs none of them, yet a client that cannot use one is not even made.
"""

import os
import ssl
from collections.abc import Callable
from ipaddress import ip_address
from urllib.parse import urlsplit

_THIS_MACHINE = ("127.0.0.1", "localhost", "::1")
_NO_PROXY = ("no_proxy", "NO_PROXY")


def is_this_machine(url: str) -> bool:
    """True if a URL leads to the loopback."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:  # a name
        return host == "localhost"


def variables_for_this_machine() -> dict[str, str | None]:
    """Environment variables with which talk within this machine works: past proxies, None for what cannot be used."""
    hosts = next(filter(None, map(os.environ.get, _NO_PROXY)), "").split(",")
    past = ",".join(dict.fromkeys((*filter(None, hosts), *_THIS_MACHINE)))
    return dict.fromkeys(_NO_PROXY, past) | dict.fromkeys(unusable_variables())


def unusable_variables() -> dict[str, str]:
    """The variables of proxies and certificates that Prefect cannot use, each with the reason."""
    reasons = {}
    for name, use in _USES.items():
        try:
            use(os.environ.get(name, ""))
        except Exception as error:  # of many kinds: no such file, no certificate in it, a proxy without its package
            reasons[name] = getattr(error, "strerror", None) or str(error)
    return reasons


def _use_proxy(url: str) -> None:
    if url:
        import httpx  # takes a while

        httpx.HTTPTransport(proxy=url if "://" in url else f"http://{url}", verify=False, trust_env=False)


def _use_certificates(path: str) -> None:
    if path:
        ssl.create_default_context(cafile=path)


_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
_USES: dict[str, Callable[[str], None]] = {
    **dict.fromkeys(("SSL_CERT_FILE", "PREFECT_API_SSL_CERT_FILE"), _use_certificates),
    **dict.fromkeys((*_PROXIES, *map(str.lower, _PROXIES)), _use_proxy),
}
"""Uses the value of a variable as Prefect's client does, by the variable; an empty value is none."""
