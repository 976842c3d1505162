"""The machine and the versions that a result belongs to."""

import importlib.metadata
import os
import platform
import re
import ssl
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import asyncload
from bench.context import Context
from bench.processes import tool
from bench.rows import MissingToolError

_PACKAGES = ("uvloop", "httptools", "numpy", "msgspec", "aiobotocore", "aiohttp")
_QUIET = 0.3
"""Load average above which a machine is busy with something else."""


def describe(context: Context) -> Sequence[tuple[str, str]]:
    """Facts and their values, in the order of printing; no date, for the commit says what was measured."""
    return [
        ("asyncload", f"{asyncload.__version__}, {_commit()}"),
        ("CPU", _cpu()),
        ("cores", _cores(context)),
        ("memory", f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB"),
        ("load at the start", _load()),
        ("kernel", f"{platform.system()} {platform.release()}"),
        ("Python", _python()),
        ("TLS", ssl.OPENSSL_VERSION),
        ("packages", versions(_PACKAGES)),
        ("tools", ", ".join(_tools())),
    ]


def versions(packages: Sequence[str]) -> str:
    """Name packages with their versions."""
    return ", ".join(f"{name} {_version(name)}" for name in packages)


def _commit() -> str:
    here = Path(__file__).parent
    try:
        name = _said(["git", "-C", str(here), "describe", "--always", "--abbrev=10"])
        changed = _said(["git", "-C", str(here), "status", "--porcelain", "--", "../asyncload"])
    except (OSError, subprocess.CalledProcessError):
        return "not a git checkout"
    return f"commit {name.strip()}" + (", with changes" if changed.strip() else "")


def _cpu() -> str:
    information = Path("/proc/cpuinfo").read_text()
    found = re.search(r"^model name\s*:\s*(.+)$", information, re.MULTILINE)
    virtual = ", virtual machine" if re.search(r"^flags\s*:.*\bhypervisor\b", information, re.MULTILINE) else ""
    return f"{found[1] if found else platform.machine()}{virtual}"


def _cores(context: Context) -> str:
    own = context.cores
    where = f"target on core {own.target}, generator on core {own.generator}"
    return f"{os.cpu_count()}; {where}" + ("" if own.apart else " (ONE core for both: figures are far too low)")


def _load() -> str:
    load = os.getloadavg()[0]
    return f"{load:.2f}" + (" (BUSY: something else is running)" if load > _QUIET else "")


def _python() -> str:
    """Version, build, and the time of a plain loop, which tells two builds of one version apart."""
    began_s = time.perf_counter()
    for _ in range(3_000_000):
        pass
    loop_ns = (time.perf_counter() - began_s) / 3_000_000 * 1e9
    version = f"{platform.python_implementation()} {sys.version.split()[0]}, {platform.python_compiler()}"
    return f"{version}, {_build()}; {loop_ns:.1f} ns per turn of an empty loop"


def _build() -> str:
    """Say whether the interpreter was built with profile-guided optimisation (PGO), as far as it is known."""
    arguments = sysconfig.get_config_var("CONFIG_ARGS") or ""
    if "--enable-optimizations" in arguments:
        return "PGO" + (", LTO" if "--with-lto" in arguments else "")
    if sys.base_prefix == "/usr":
        return "the distribution's build (its own rules add PGO; the configure arguments do not show it)"
    return "NO PGO: slower than a usual interpreter"


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "missing"


def _tools() -> Iterator[str]:
    asked = {"nginx": "-v", "wrk": "-v", "k6": "version", "tcpdump": "--version", "hey": ""}
    for name, option in asked.items():
        try:
            command = [tool(name, ""), *([option] if option else [])]
        except MissingToolError:
            yield f"{name} missing"
            continue
        found = re.search(r"\d+\.\d+[\w.]*", _said(command, check=False)) if option else None
        yield f"{name} {found[0]}" if found else name


def _said(command: Sequence[str], *, check: bool = True) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=check, timeout=10)
    return done.stdout + done.stderr
