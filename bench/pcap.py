"""
A reader of packet captures, for one kind: nanosecond pcap of Ethernet (the loopback's too), IPv4, TCP, with payload.

What it makes of them: for each HTTP exchange on a connection that carries one request at a time, when its first byte
left the client and when the last byte of its answer came. A packet of the client opens an exchange unless one is
unanswered; the packets of the server extend it; the next packet of the client opens the next.

Source: the Internet-Draft "PCAP Capture File Format" (draft-ietf-opsawg-pcap); RFC 791 and RFC 9293 for the headers.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Int64s: TypeAlias = NDArray[np.int64]

_MAGIC_NS = 0xA1B23C4D
_ETHERNET = 1
_FILE = struct.Struct("<IHHiIII")
_RECORD = struct.Struct("<IIII")
_PORTS = struct.Struct(">HH")
_ETHERNET_BYTES = 14


def packets(path: Path) -> Iterator[tuple[int, int, int]]:
    """
    Read a capture.

    Yields:
        (time in ns since 1970, source port, destination port) of each packet, in the order of capture.

    Raises:
        RuntimeError: If it is not such a capture.
    """
    data = path.read_bytes()
    if len(data) < _FILE.size:
        raise RuntimeError(f"{path.name}: the capture is empty")
    magic, *_, link = _FILE.unpack_from(data)
    if magic != _MAGIC_NS or link != _ETHERNET:
        raise RuntimeError(f"{path.name}: not a little-endian nanosecond capture of Ethernet")
    at = _FILE.size
    while at + _RECORD.size <= len(data):
        seconds, nanoseconds, kept, _ = _RECORD.unpack_from(data, at)
        at += _RECORD.size
        if at + kept > len(data):
            break  # the capture ended within a packet
        ip = at + _ETHERNET_BYTES
        yield (seconds * 1_000_000_000 + nanoseconds, *_PORTS.unpack_from(data, ip + (data[ip] & 15) * 4))
        at += kept


def exchanges(path: Path, port: int) -> tuple[Int64s, Int64s]:
    """
    Find the exchanges with a server's port.

    Args:
        path: Capture of packets that carry payload.
        port: The server's.

    Returns:
        First byte of each request, and last byte of its answer, ordered by the former; 0 if no answer was captured.
    Units:
        ns since 1970.
    """
    starts: list[int] = []
    ends: list[int] = []
    open_at: dict[int, int] = {}  # client's port -> index of its exchange
    for t_ns, source, destination in packets(path):
        if destination == port:
            index = open_at.get(source)
            if index is None or ends[index]:
                open_at[source] = len(starts)
                starts.append(t_ns)
                ends.append(0)
        elif destination in open_at:
            ends[open_at[destination]] = t_ns
    order = np.argsort(np.array(starts, np.int64), kind="stable")
    return np.array(starts, np.int64)[order], np.array(ends, np.int64)[order]
