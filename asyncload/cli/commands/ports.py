"""An option whose value may be left out, which the parser of the command line does not know."""

from collections.abc import Sequence
from typing import Final

_OPTION: Final = "--web"
_ANY: Final = "0"


def spelled_out(words: Sequence[str]) -> list[str]:
    """
    Put the port that `--web` leaves out into a command line: 0, which takes a free one.

    Args:
        words: Behind the name of the program.
    """
    spelled: list[str] = []
    for word, following in zip(words, [*words[1:], ""], strict=False):
        spelled += [word, _ANY] if word == _OPTION and not following.isdecimal() else [word]
    return spelled
