"""
An AWS account that is none.

Credentials never come from the user's environment, files or roles: whatever asks botocore for them gets a key that
signs and opens nothing. Profiles exist whatever their name.
"""

import os
from collections.abc import Callable
from typing import Final

from asyncload.locust.importer.findings import NOWHERE

KEY_ID: Final = "AKIDIMPORTISNOKEY000"
_SECRET: Final = "import/signs/with/a/secret/that/is/none0"  # noqa: S105  it is none
_PROXIES: Final = ("http_proxy", "https_proxy", "all_proxy", "ftp_proxy", "no_proxy")


def environment(given: dict[str, str], scratch: str) -> None:
    """Take what is the user's AWS account out of this process's environment, and put in what is none."""
    for name in list(os.environ):
        if name.startswith("AWS_") or name.lower() in _PROXIES:
            del os.environ[name]
    os.environ.update(
        AWS_ACCESS_KEY_ID=KEY_ID,
        AWS_SECRET_ACCESS_KEY=_SECRET,
        AWS_DEFAULT_REGION=NOWHERE,
        AWS_REGION=NOWHERE,
        AWS_CONFIG_FILE=f"{scratch}/no-config",
        AWS_SHARED_CREDENTIALS_FILE=f"{scratch}/no-credentials",
        AWS_EC2_METADATA_DISABLED="true",
    )
    os.environ.update(given)
    if "AWS_REGION" in given and "AWS_DEFAULT_REGION" not in given:
        os.environ["AWS_DEFAULT_REGION"] = given["AWS_REGION"]


def account(on_profile: Callable[[str], None]) -> None:
    """Have every botocore session of this process find that account, for good; a no-op without botocore."""
    try:
        from botocore.credentials import Credentials  # noqa: PLC0415  an import may do without
        from botocore.exceptions import ProfileNotFound  # noqa: PLC0415  likewise
        from botocore.session import Session  # noqa: PLC0415  likewise
    except ImportError:
        return
    own_config = Session.get_scoped_config

    def get_credentials(_: object) -> Credentials:
        return Credentials(KEY_ID, _SECRET)

    def get_scoped_config(self: Session) -> dict[str, object]:
        try:
            config: dict[str, object] = own_config(self)
        except ProfileNotFound as error:
            on_profile(str(error.kwargs["profile"]))
            return {}
        return config

    Session.get_credentials = get_credentials
    Session.get_scoped_config = get_scoped_config
