"""
The command: parse, call, print. Environment, signals, standard streams and exit codes occur in this room alone.

    0    done, and the result is VALID; of a crosscheck: AGREE
    1    failed: the run could not begin, or its directory could not be written
    2    bad usage or a bad scenario; nothing was sent
    3    done, but the result is INVALID; of a crosscheck: CANNOT TELL
    4    done, and VALID, but an objective is missed or undecided, or a stop rule ended the run; of a comparison:
         a change that --fail-if names is sure
    5    of a crosscheck: DIFFER
    130  interrupted; what was measured is kept
"""

import logging
import sys

from asyncload.cli.app import app
from asyncload.cli.commands.ports import spelled_out
from asyncload.errors import AsyncloadError, UsageError


def main() -> None:
    """Run the command line; every error of ours ends as a message and an exit code."""
    # A credential process that fails is logged there with all that it printed, secrets included.
    logging.getLogger("aiobotocore.credentials").setLevel(logging.CRITICAL + 1)
    try:
        app(spelled_out(sys.argv[1:]), prog_name="asyncload")
    except AsyncloadError as error:
        sys.stderr.write(f"asyncload: {error}\n")
        sys.exit(2 if isinstance(error, UsageError) else 1)
    except BrokenPipeError:
        sys.stderr.close()  # whoever read our output has left; nothing more can be said
        sys.exit(1)
