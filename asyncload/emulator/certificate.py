"""
Certificates: given as files, or made on the spot.

One made on the spot is signed by an authority that is made with it and forgotten; clients trust the authority by its
PEM file. The private keys exist in memory, and for the moment that Python's ssl needs, which loads files only, in a
temporary file that its owner alone can read.
"""

import ssl
from pathlib import Path

from asyncload.errors import StartError

LOOPBACK = ("localhost", "127.0.0.1", "::1")
"""What a certificate made on the spot is valid for, besides the bound host."""
_ORGANIZATION = "asyncload emulator"


def given(certificate: Path, key: Path | None) -> ssl.SSLContext:
    """
    Load a certificate.

    Args:
        certificate: PEM file of a certificate chain.
        key: PEM file of its private key; without it the key stands in `certificate`.

    Raises:
        StartError: If a file cannot be read, or does not hold what it should.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate, key)
    except OSError as problem:  # ssl.SSLError is one
        files = certificate if key is None else f"{certificate} with the key {key}"
        raise StartError(f"cannot use the certificate {files}: {problem.strerror or problem}") from problem
    return context


def made(host: str, authority: Path) -> ssl.SSLContext:
    """
    Make a certificate for a host and the loopback addresses, and the authority that signs it.

    Args:
        host: The bound address or name.
        authority: Where to write the authority's PEM, for clients: readable by all, replaced if it is there.

    Raises:
        StartError: If the host is no name that a certificate can carry, or the file cannot be written.
    """
    import trustme  # noqa: PLC0415  takes 60 ms to import, and only this needs it

    signer = trustme.CA(organization_name=_ORGANIZATION)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        issued = signer.issue_cert(*dict.fromkeys((host, *LOOPBACK)), organization_name=_ORGANIZATION)
        issued.configure_cert(context)  # through a file of mode 0600 that is removed as soon as it is loaded
        signer.cert_pem.write_to_path(str(authority))
        authority.chmod(0o644)
    except (OSError, ValueError) as problem:
        raise StartError(
            f"cannot make a certificate for {host} with its authority in {authority}: {problem}"
        ) from problem
    return context
