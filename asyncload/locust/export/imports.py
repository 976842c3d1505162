"""The imports of a locustfile: those whose names occur in it, in the order of the house."""

import re
from typing import Final

_MODULES: Final = {
    "csv": "csv",
    "gzip": "gzip",
    "hashlib": "hashlib",
    "json": "json",
    "logging": "logging",
    "random": "random",
    "ssl": "ssl",
    "struct": "struct",
    "time": "time",
}
_STANDARD: Final = {
    "argparse": ("ArgumentParser",),
    "codecs": ("BOM_UTF8",),
    "functools": ("cache", "partial"),
    "itertools": ("accumulate",),
    "pathlib": ("Path",),
    "uuid": ("uuid4",),
}
_OTHERS: Final = {
    "botocore.auth": ("SigV4Auth",),
    "botocore.awsrequest": ("AWSRequest",),
    "botocore.client": ("BaseClient",),
    "botocore.config": ("Config",),
    "botocore.exceptions": ("BotoCoreError", "ClientError", "HTTPClientError"),
    "gevent.pool": ("Group",),
    "locust": (
        "FastHttpUser",
        "LoadTestShape",
        "User",
        "between",
        "constant",
        "constant_pacing",
        "constant_throughput",
        "events",
        "stats",
        "task",
    ),
    "locust.contrib.fasthttp": ("FastResponse",),
    "locust.env": ("Environment",),
    "locust.runners": ("MasterRunner", "WorkerRunner"),
}
_LITERAL: Final = re.compile(r'"""(?s:.*?)"""|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|#[^\n]*')


def imports(source: str) -> list[str]:
    """Return the lines of imports that a source needs; names in its texts and comments are none."""
    bare = _LITERAL.sub('""', source)
    standard = [f"import {name}" for name in _MODULES if re.search(rf"(?<![\w.]){name}\.", bare)]
    others = [f"import {name}" for name in ("boto3", "gevent") if re.search(rf"(?<![\w.]){name}\.", bare)]
    return [*standard, *_from(_STANDARD, bare), "", *others, *_from(_OTHERS, bare)]


def _from(modules: dict[str, tuple[str, ...]], bare: str) -> list[str]:
    found = {
        module: [name for name in names if re.search(rf"(?<![\w.]){name}\b(?!=)", bare)]
        for module, names in modules.items()
    }
    return [f"from {module} import {', '.join(names)}" for module, names in found.items() if names]
