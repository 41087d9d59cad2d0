"""The keys of personal data: a ring for encrypted fields, and one key for the blind index.

They come from the environment (`DUBAN_FIELD_KEYS="k2:base64,k1:base64"`, `DUBAN_INDEX_KEY`), or from a file of mode
0600 in the data folder that is made when the first value is written, and never once something is encrypted: then a
missing file has been lost, and its backup is to be brought back. Never from SECRET_KEY: that one may be changed
any day, these never without re-encrypting. The first key of the ring writes; all of them read.

The file has a line a key, `index <base64>` or `<id> <base64>`. It is looked at before every use, so that a rotation
reaches every process at once.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import secrets
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bureaus.access import OutOfOrder

LENGTH = 32  # bytes
INDEX = "index"
_ID = re.compile(r"[a-z0-9]{1,16}")

_read: tuple[tuple[str, str, Path, tuple[int, int, int]], KeyRing] | None = None


def _unknown(ring: KeyRing) -> bool:
    raise KeysUnusable("nobody has said yet what is encrypted already")


# Whether something needs a key that is missing from a ring. `ledger.apps` puts `rotation.lost` here: models stand on
# this room, and the question is about all of them. Asked before a first key is made, and never else.
lost: Callable[[KeyRing], bool] = _unknown

_held: ContextVar[KeyRing | None] = ContextVar("held_keys", default=None)


class KeysUnusable(OutOfOrder):
    """There is no key, or what is given is none. Says which place to look at, never a key."""

    told = gettext_lazy(
        "Personal data cannot be entered or looked up now: its keys are missing on the server, or cannot be used. "
        "Nothing was saved. Tell the administrator of the system."
    )


@dataclass(frozen=True)
class KeyRing:
    """`fields`: id → key, the one that writes first. Both may be missing: nothing was ever written then."""

    fields: dict[str, bytes]
    index: bytes | None

    @property
    def writing(self) -> str:
        """The id of the key that writes. KeysUnusable if there is none."""
        if not self.fields:
            raise KeysUnusable("there is no key for encrypted fields")
        return next(iter(self.fields))


def ring() -> KeyRing:
    """The keys as they are now. KeysUnusable if what is given cannot be read as keys."""
    global _read
    held = _held.get()
    if held is not None:
        return held
    path = Path(settings.FIELD_KEYS_FILE)
    given = (settings.FIELD_KEYS, settings.INDEX_KEY, path, _stamp(path))
    if _read is None or _read[0] != given:
        _read = (given, _gathered(path))
    return _read[1]


@contextmanager
def held() -> Iterator[None]:
    """Inside, the keys are looked at once: for a thousand rows at a time, not for a task that runs for minutes."""
    token = _held.set(ring_to_write())
    try:
        yield
    finally:
        _held.reset(token)


def ring_to_write() -> KeyRing:
    """The same; a key that is missing is made first, where keys are kept in the file.

    KeysUnusable if it must have been there: a new one would hide for a while that the old one is gone.
    """
    found = ring()
    if (found.fields and found.index) or settings.FIELD_KEYS:
        return found
    if lost(found):
        found = ring()  # made by another process, which has written since
        if found.fields and found.index:
            return found
        raise KeysUnusable(
            _(
                "Data is encrypted, but its keys are not there: bring the file %(name)s back from its backup into the "
                "folder that DUBAN_VAR names."
            )
            % {"name": Path(settings.FIELD_KEYS_FILE).name}
        )
    path = Path(settings.FIELD_KEYS_FILE)
    kept = _of_file(path)
    fields = kept.fields or {_new_id(): secrets.token_bytes(LENGTH)}
    _replace(path, KeyRing(fields, kept.index or _made_index()), kept)
    return ring()


def index_key() -> bytes:
    """The key of the blind index. KeysUnusable if the environment has keys for fields but none for it."""
    key = ring_to_write().index
    if key is None:
        raise KeysUnusable("DUBAN_FIELD_KEYS is set, but DUBAN_INDEX_KEY is not")
    return key


def in_file() -> bool:
    """Whether the keys of fields are kept in the file, and not in the environment."""
    return not settings.FIELD_KEYS


def add_key() -> str:
    """Put a new key in front of those of the file; its id. KeysUnusable if the file has been lost."""
    ring_to_write()
    path = Path(settings.FIELD_KEYS_FILE)
    before = _of_file(path)
    key_id = _new_id()
    fields = {key_id: secrets.token_bytes(LENGTH), **before.fields}
    _replace(path, KeyRing(fields, before.index or _made_index()), before)
    return key_id


def forget_all_but_first() -> list[str]:
    """Take the older keys out of the file; their ids. Whoever calls this has made sure that nothing needs them."""
    path = Path(settings.FIELD_KEYS_FILE)
    before = _of_file(path)
    first = before.writing
    _replace(path, KeyRing({first: before.fields[first]}, before.index), before)
    return [key_id for key_id in before.fields if key_id != first]


def parsed(text: str) -> dict[str, bytes]:
    """`k2:base64,k1:base64` → id → key. KeysUnusable says which id is wrong."""
    found: dict[str, bytes] = {}
    for place, part in enumerate(filter(None, re.split(r"[,\s]+", text)), start=1):
        key_id, colon, encoded = part.partition(":")
        if not colon or not _ID.fullmatch(key_id) or key_id == INDEX or key_id in found:
            raise KeysUnusable(f"key number {place} has no id of its own of a-z and 0-9 before a colon")
        found[key_id] = _decoded(encoded, key_id)
    return found


def _gathered(path: Path) -> KeyRing:
    # Keys given from outside and an index key left lying here would part when the machine does.
    kept = KeyRing({}, None) if settings.FIELD_KEYS else _of_file(path)
    fields = parsed(settings.FIELD_KEYS) if settings.FIELD_KEYS else kept.fields
    return KeyRing(fields, _decoded(settings.INDEX_KEY, INDEX) if settings.INDEX_KEY else kept.index)


def _of_file(path: Path) -> KeyRing:
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except FileNotFoundError:
        return KeyRing({}, None)
    except (OSError, UnicodeDecodeError) as error:
        raise KeysUnusable(f"{path}: {type(error).__name__}") from None
    fields: dict[str, bytes] = {}
    index = None
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        key_id, _space, encoded = line.strip().partition(" ")
        if not _ID.fullmatch(key_id) or key_id in fields:
            raise KeysUnusable(f"{path}, line {number}: not an id and a key")
        key = _decoded(encoded.strip(), key_id)
        if key_id == INDEX:
            index = key
        else:
            fields[key_id] = key
    return KeyRing(fields, index)


def _replace(path: Path, new: KeyRing, before: KeyRing) -> None:
    """Whole or not at all. A file that is there for the first time is never written over by a second process."""
    lines = ["# Duban: keys of personal data. Back this file up apart from the database; without it, that is lost."]
    if new.index:
        lines.append(f"{INDEX} {base64.b64encode(new.index).decode()}")
    lines += [f"{key_id} {base64.b64encode(key).decode()}" for key_id, key in new.fields.items()]
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".field-keys-")  # mode 0600
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write("\n".join(lines) + "\n")
            file.flush()
            os.fsync(file.fileno())
        if before.fields or before.index:
            os.replace(name, path)
            return
        try:
            os.link(name, path)
        except FileExistsError:
            pass  # another process was first: its keys are the keys
    finally:
        if os.path.exists(name):
            os.unlink(name)


def _decoded(encoded: str, key_id: str) -> bytes:
    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise KeysUnusable(f"the key {key_id} is not base64") from None
    if len(key) != LENGTH:
        raise KeysUnusable(f"the key {key_id} has {len(key)} bytes and not {LENGTH}")
    return key


def _new_id() -> str:
    # By chance and not by number: a ring made anew never takes another's values for its own.
    return "k" + secrets.token_hex(4)


def _made_index() -> bytes | None:
    return None if settings.INDEX_KEY else secrets.token_bytes(LENGTH)


def _stamp(path: Path) -> tuple[int, int, int]:
    try:
        found = path.stat()
    except OSError:
        return (0, 0, 0)
    return (found.st_ino, found.st_mtime_ns, found.st_size)
