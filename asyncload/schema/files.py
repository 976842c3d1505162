"""What is wrong with a file or directory that a document names."""

from pathlib import Path

from asyncload.schema.reader import nearest


def file_mistake(path: Path, most_bytes: int | None = None) -> str | None:
    """
    Say why a file cannot be used: it is missing, no file, empty, too large; None if it can.

    Args:
        path: The file.
        most_bytes: Largest legal size; None for any.
    """
    try:
        if not path.is_file():
            return f"{path} is not a file" if path.exists() else _missing(path)
        size = path.stat().st_size
    except OSError as error:
        return f"{path} cannot be read: {error.strerror}"
    if size == 0:
        return f"{path} is empty"
    if most_bytes is not None and size > most_bytes:
        return f"{path} has {size} bytes; expected at most {most_bytes}"
    return None


def directory_mistake(path: Path) -> str | None:
    """Say why a directory cannot be used: it is missing, or no directory; None if it can."""
    try:
        if path.is_dir():
            return None
        return f"{path} is not a directory" if path.exists() else _missing(path)
    except OSError as error:
        return f"{path} cannot be read: {error.strerror}"


def _missing(path: Path) -> str:
    try:
        near = nearest(path.name, sorted(entry.name for entry in path.parent.iterdir()))
    except OSError:
        near = None
    return f"{path} does not exist" + (f"; did you mean {near!r}?" if near else "")
