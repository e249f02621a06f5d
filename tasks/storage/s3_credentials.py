"""Describes this machine's access to S3, without contacting a server or running a program."""

import botocore.session

from tasks.storage.s3 import new_client
from tasks.storage.s3_errors import attempt, host

_ASKED = ("custom-process", "container-role", "iam-role")
"""Sources of credentials that are programs or servers, which may answer late or not at all."""

_UNTOLD = (
    "no credentials in environment or files; those of a helper or of the machine's role are asked for "
    "with an address only: nightbrush doctor s3://bucket"
)


def describe_access() -> str:
    """The server, region, profile and source of the credentials, as environment and files name them.

    Raises:
        StorageError: boto3 refuses the value of an AWS_ variable or file.
    """
    return attempt("S3", "used", _access)


def _access() -> str:
    session = botocore.session.get_session()
    for source in _ASKED:
        session.get_component("credential_provider").remove(source)
    server, credentials = new_client(session).meta, session.get_credentials()
    told = f"credentials from {credentials.method}" if credentials else _UNTOLD
    profile = (f"profile {session.profile}",) if session.profile else ()
    return ", ".join((host(server.endpoint_url), f"region {server.region_name}", *profile, told))
