"""Certificates that the emulator makes or is given."""

import ssl
import stat
import tempfile
from pathlib import Path

import pytest
import trustme

from asyncload.emulator import certificate
from asyncload.errors import StartError


def shaken(server: ssl.SSLContext, authority: Path, host: str) -> bool:
    """Shake hands in memory; say whether the client trusts the server under that name."""
    client = ssl.create_default_context(cafile=authority)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    asked = client.wrap_bio(to_client, to_server, server_hostname=host)
    answering = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(3):
        for side in (asked, answering):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLCertVerificationError:
                return False
    return asked.version() is not None


@pytest.mark.parametrize("bound", ["0.0.0.0", "127.0.0.1", "emulator.test", "::"])
def test_one_made_is_valid_for_the_host_and_loopback(tmp_path: Path, bound: str) -> None:
    """Clients that trust the written authority reach it under each of its names, and under no other."""
    authority = tmp_path / "authority.pem"
    context = certificate.made(bound, authority)
    for host in (bound, "localhost", "127.0.0.1", "::1"):
        assert shaken(context, authority, host), host
    assert not shaken(context, authority, "elsewhere.test")


def test_no_private_key_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The authority's file holds a certificate for all to read; no other file remains, and none was open to others."""
    modes = []
    load = ssl.SSLContext.load_cert_chain

    def watching(context: ssl.SSLContext, path: str) -> None:
        modes.append(stat.S_IMODE(Path(path).stat().st_mode))
        load(context, path)

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", watching)
    authority = tmp_path / "authority.pem"
    certificate.made("127.0.0.1", authority)
    assert modes == [0o600]
    assert list(tmp_path.iterdir()) == [authority]
    assert stat.S_IMODE(authority.stat().st_mode) == 0o644
    assert b"PRIVATE" not in authority.read_bytes()


def test_one_given_is_loaded(tmp_path: Path) -> None:
    """With its key beside it or in the same file."""
    signer = trustme.CA()
    issued = signer.issue_cert("127.0.0.1")
    signer.cert_pem.write_to_path(tmp_path / "authority.pem")
    issued.private_key_and_cert_chain_pem.write_to_path(tmp_path / "both.pem")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "chain.pem")
    for files in ((tmp_path / "both.pem", None), (tmp_path / "chain.pem", tmp_path / "key.pem")):
        assert shaken(certificate.given(*files), tmp_path / "authority.pem", "127.0.0.1")


def test_what_cannot_be_used_is_named(tmp_path: Path) -> None:
    """A file that is missing or no certificate, a host that no certificate carries, a place that cannot be written."""
    (tmp_path / "text.pem").write_text("no certificate")
    for wrong in ("missing.pem", "text.pem"):
        with pytest.raises(StartError, match=wrong):
            certificate.given(tmp_path / wrong, None)
    with pytest.raises(StartError, match="two words"):
        certificate.made("two words", tmp_path / "authority.pem")
    with pytest.raises(StartError, match="nowhere"):
        certificate.made("127.0.0.1", tmp_path / "nowhere" / "authority.pem")
