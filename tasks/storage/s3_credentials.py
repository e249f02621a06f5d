"""What there is for S3 on this machine, found without asking anyone."""

import botocore.session

from tasks.storage.s3 import new_client
from tasks.storage.s3_errors import attempt, host

_ASKED = ("custom-process", "container-role", "iam-role")
"""Sources of credentials that are programs or servers: to ask one may take long, and in vain."""

_UNTOLD = (
    "no credentials in environment or files; those of a helper or of the machine's role are asked for "
    "with an address only: nightbrush doctor s3://bucket"
)


def describe_access() -> str:
    """Which server is spoken to, and with whose credentials, as far as environment and files tell: nobody is asked.

    Raises:
        StorageError: boto3 does not take what an AWS_ variable or file says.
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
