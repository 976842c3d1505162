"""What went wrong in the file, in words: an exception becomes a mistake with the line and what to do."""

import os
from collections.abc import Iterable
from typing import Final

from asyncload.locust.importer.findings import Mistake
from asyncload.locust.importer.probe.alarm import TimeIsUp
from asyncload.locust.importer.probe.places import Places

_PACKAGES: Final = {
    "PIL": "Pillow",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python",
    "dotenv": "python-dotenv",
    "jose": "python-jose",
    "jwt": "PyJWT",
    "locust_plugins": "locust-plugins",
    "sklearn": "scikit-learn",
    "yaml": "PyYAML",
}
"""Where a package has another name than its module."""
_MOST_CHARACTERS: Final = 300


class Missed:
    """Environment variables that the file asked for in vain."""

    def __init__(self, places: Places) -> None:
        """
        Args:
            places: Tells the file's own questions from those of libraries.
        """
        self._places = places
        self.names: dict[str, None] = {}

    def install(self) -> None:
        """Notice questions from now on."""
        import sys  # noqa: PLC0415  only here

        own_get = os._Environ.get  # noqa: SLF001  its only name

        def get(self_: "os._Environ[str]", key: str, default: object = None) -> object:
            value = own_get(self_, key)
            if value is None and default is None:
                frame = sys._getframe(1)  # noqa: SLF001  who asks
                frame = frame.f_back if frame.f_code.co_name == "getenv" and frame.f_back else frame
                if self._places.is_own(frame.f_code.co_filename):
                    self.names[key] = None
            return default if value is None else value

        os._Environ.get = get  # type: ignore[method-assign, assignment]  # noqa: SLF001  likewise

    def hint(self) -> str:
        """Return what to do about them; empty if there are none."""
        return _hint(self.names)


def mistake(error: BaseException, places: Places, alarm_where: str = "", hint: str = "") -> Mistake:
    """
    Say what an exception means.

    Args:
        error: What came out of the file.
        places: Names the line.
        alarm_where: Where it stood if its time was up.
        hint: What else may be the reason.
    """
    where = places.of_traceback(error.__traceback__)
    match error:
        case TimeIsUp():
            return Mistake(alarm_where or where, "does not come to an end")
        case SyntaxError():
            return Mistake(places.at(error.filename or "", error.lineno or 0), f"{error.msg}: it is not Python")
        case ModuleNotFoundError() if error.name:
            return Mistake(where, _missing(error.name))
        case SystemExit():
            return Mistake(where, f"ends the process with sys.exit({error.code!r})")
        case KeyError() if variable_of(error):
            name = variable_of(error)
            return Mistake(where, f"asks for the environment variable {name}{_hint([name])}")
        case _:
            return Mistake(where, in_short(error) + hint)


def in_short(error: BaseException) -> str:
    """Return an exception in one line."""
    text = " ".join(str(error).split())
    text = text if len(text) <= _MOST_CHARACTERS else text[:_MOST_CHARACTERS] + "..."
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _hint(names: Iterable[str]) -> str:
    options = " ".join(f"--env {name}=VALUE" for name in names)
    return f"; give it with {options}" if options else ""


def _missing(module: str) -> str:
    top = module.partition(".")[0]
    return f"needs the module {module!r}, which is not installed here: pip install {_PACKAGES.get(top, top)}"


def variable_of(error: BaseException) -> str:
    """Return the environment variable that was asked for with `os.environ[...]` in vain; empty if it is not that."""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    asked = traceback is not None and traceback.tb_frame.f_code is os._Environ.__getitem__.__code__  # noqa: SLF001
    return str(error.args[0]) if asked and isinstance(error, KeyError) else ""
