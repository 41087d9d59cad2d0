"""Uploaded workbooks on disk: encrypted, under names that say nothing, outside what any web server serves.

A file is a head and blocks: `DBW1` + length and id of the key + blocks of at most a megabyte, each its length, a nonce
and AES-256-GCM. Every block is bound to the file's name, to its place, and to whether it is the last, so that a file
that was cut, mixed or renamed is not taken for anything.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import struct
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from ledger import keys
from ledger.encryption import CannotDecrypt

_MAGIC, _BLOCK, _NONCE = b"DBW1", 1 << 20, 12


def folder() -> Path:
    return Path(settings.VAR) / ("demo-workbooks" if settings.DEMO else "workbooks")


def keep(file: IO[bytes]) -> tuple[str, str, int]:
    """Encrypt and keep: (name, SHA-256 of the content, bytes). The file is put back to its start."""
    ring = keys.ring_to_write()
    cipher = AESGCM(ring.fields[ring.writing])
    name = secrets.token_hex(16)
    folder().mkdir(parents=True, exist_ok=True, mode=0o700)
    digest, size, place = hashlib.sha256(), 0, 0
    file.seek(0)
    handle, temporary = tempfile.mkstemp(dir=folder(), prefix=".coming-")  # mode 0600
    try:
        with os.fdopen(handle, "wb") as kept:
            key_id = ring.writing.encode()
            kept.write(_MAGIC + bytes([len(key_id)]) + key_id)
            block = file.read(_BLOCK)
            while True:
                following = file.read(_BLOCK)
                digest.update(block)
                size += len(block)
                nonce = os.urandom(_NONCE)
                sealed = cipher.encrypt(nonce, block, _bound(name, place, is_last=not following))
                kept.write(struct.pack("<L", len(sealed)) + nonce + sealed)
                place += 1
                if not following:
                    break
                block = following
            kept.flush()
            os.fsync(kept.fileno())
        os.replace(temporary, folder() / name)
    finally:
        if os.path.exists(temporary):
            os.unlink(temporary)
        file.seek(0)
    return name, digest.hexdigest(), size


@contextmanager
def opened(name: str) -> Iterator[IO[bytes]]:
    """The content again, in a file without a name that is gone when it is closed.

    FileNotFoundError once it was purged; CannotDecrypt if it is not what was written here.
    """
    with open(_path(name), "rb") as kept, tempfile.TemporaryFile() as plain:
        _decrypt(kept, plain, name)
        plain.seek(0)
        yield plain


def forget(name: str) -> None:
    """Remove it, if it is there."""
    if name:
        _path(name).unlink(missing_ok=True)


def _path(name: str) -> Path:
    if not name or not name.isalnum():
        raise FileNotFoundError(name)
    return folder() / name


def _decrypt(kept: IO[bytes], plain: IO[bytes], name: str) -> None:
    head = kept.read(5)
    if head[:4] != _MAGIC or len(head) < 5:
        raise CannotDecrypt(f"workbook {name}: not written here")
    key_id = kept.read(head[4]).decode("ascii", "replace")
    key = keys.ring().fields.get(key_id)
    if key is None:
        raise CannotDecrypt(f"workbook {name}: the key {key_id} is not in the ring")
    cipher, place = AESGCM(key), 0
    length = kept.read(4)
    while True:
        size = struct.unpack("<L", length)[0] if len(length) == 4 else -1
        if not 0 < size <= _BLOCK + 16:
            raise CannotDecrypt(f"workbook {name}: cut or altered")
        nonce, sealed = kept.read(_NONCE), kept.read(size)
        length = kept.read(4)
        try:
            plain.write(cipher.decrypt(nonce, sealed, _bound(name, place, is_last=not length)))
        except (InvalidTag, ValueError):
            raise CannotDecrypt(f"workbook {name}: cut or altered") from None
        if not length:
            return
        place += 1


def _bound(name: str, place: int, *, is_last: bool) -> bytes:
    return f"workbook|{name}|{place}|{'last' if is_last else 'more'}".encode()
