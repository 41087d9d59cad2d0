"""Uploaded workbooks on disk: encrypted, under names that say nothing, outside what any web server serves.

A file is a head and blocks: `DBW1` + length and id of the key + blocks of at most a megabyte, each its length, a nonce
and AES-256-GCM. Every block is bound to the file's name, to its place, and to whether it is the last, so that a file
that was cut, mixed or renamed is not taken for anything.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import secrets
import struct
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from ledger import keys
from ledger.encryption import CannotDecrypt

_MAGIC, _BLOCK, _NONCE = b"DBW1", 1 << 20, 12
_NAME = re.compile(r"[0-9a-f]{32}")


def folder() -> Path:
    return Path(settings.VAR) / ("demo-workbooks" if settings.DEMO else "workbooks")


def keep(file: IO[bytes]) -> tuple[str, str, int]:
    """Encrypt and keep: (name, SHA-256 of the content, bytes). The file is put back to its start."""
    name, digest = secrets.token_hex(16), hashlib.sha256()

    def blocks() -> Iterator[bytes]:
        while block := file.read(_BLOCK):
            digest.update(block)
            yield block

    file.seek(0)
    os.replace(_encrypted(name, blocks()), folder() / name)
    size = file.tell()
    file.seek(0)
    return name, digest.hexdigest(), size


@contextmanager
def opened(name: str) -> Iterator[IO[bytes]]:
    """The content again, in a file without a name that is gone when it is closed.

    FileNotFoundError once it was purged; CannotDecrypt if it is not what was written here.
    """
    with open(_path(name), "rb") as kept, tempfile.TemporaryFile() as plain:
        plain.writelines(_decrypted(kept, name))
        plain.seek(0)
        yield plain


def forget(name: str) -> None:
    """Remove it, if it is there."""
    if not name:
        return
    with suppress(FileNotFoundError), open(_path(name), "r+b") as going:
        fcntl.flock(going, fcntl.LOCK_EX)  # not while `rewrite` puts a new one into its place
        _path(name).unlink()


# --- All of them, for a new key (ledger.rotation) ----------------------------------------------------


def kept() -> Iterator[tuple[str, str]]:
    """Every workbook there is: its name, and the id of its key (empty where that cannot be seen)."""
    try:
        names = sorted(os.listdir(folder()))
    except FileNotFoundError:
        return
    for name in filter(_NAME.fullmatch, names):
        try:
            with open(folder() / name, "rb") as file:
                key_id = _key_id(file)
        except FileNotFoundError:  # purged meanwhile
            continue
        except OSError:
            key_id = ""
        yield name, key_id


def prove(name: str) -> None:
    """Decrypt it, keep nothing. Raises what `opened` does."""
    with open(_path(name), "rb") as file:
        for _block in _decrypted(file, name):
            pass


def rewrite(name: str) -> None:
    """Encrypt it with the key that writes, whole or not at all. Raises what `opened` does.

    Read and written block by block, so that nothing of it stands in the clear anywhere. Whoever reads it meanwhile
    reads the old one to its end; one that was forgotten meanwhile stays so.
    """
    with open(_path(name), "r+b") as old:
        coming = _encrypted(name, _decrypted(old, name))
        try:
            owner = os.fstat(old.fileno())
            os.chown(coming, owner.st_uid, owner.st_gid)  # who serves must read it, whoever rotates
            fcntl.flock(old, fcntl.LOCK_EX)
            if not os.path.samestat(owner, os.stat(_path(name))):
                return  # another rotation was quicker
            os.replace(coming, _path(name))
        finally:
            Path(coming).unlink(missing_ok=True)


def _path(name: str) -> Path:
    if not name or not name.isalnum():
        raise FileNotFoundError(name)
    return folder() / name


def _encrypted(name: str, blocks: Iterator[bytes]) -> str:
    """The path of a whole file beside the others, on disk; whoever calls puts it into its place."""
    ring = keys.ring_to_write()
    cipher, key_id = AESGCM(ring.fields[ring.writing]), ring.writing.encode()
    folder().mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, path = tempfile.mkstemp(dir=folder(), prefix=".coming-")  # mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(_MAGIC + bytes([len(key_id)]) + key_id)
            block: bytes | None = next(blocks, b"")
            for place in count():
                if block is None:
                    break
                following = next(blocks, None)
                nonce = os.urandom(_NONCE)
                sealed = cipher.encrypt(nonce, block, _bound(name, place, is_last=following is None))
                file.write(struct.pack("<L", len(sealed)) + nonce + sealed)
                block = following
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        os.unlink(path)
        raise
    return path


def _key_id(file: IO[bytes]) -> str:
    """Read off the head; empty if there is none."""
    head = file.read(5)
    return file.read(head[4]).decode("ascii", "replace") if head[:4] == _MAGIC and len(head) == 5 else ""


def _decrypted(file: IO[bytes], name: str) -> Iterator[bytes]:
    """Block by block: nothing is whole before the last one has come."""
    key_id = _key_id(file)
    if not key_id:
        raise CannotDecrypt(f"workbook {name}: not written here")
    key = keys.ring().fields.get(key_id)
    if key is None:
        raise CannotDecrypt(f"workbook {name}: the key {key_id} is not in the ring")
    cipher, length = AESGCM(key), file.read(4)
    for place in count():
        size = struct.unpack("<L", length)[0] if len(length) == 4 else -1
        if not 0 < size <= _BLOCK + 16:
            raise CannotDecrypt(f"workbook {name}: cut or altered")
        nonce, sealed = file.read(_NONCE), file.read(size)
        length = file.read(4)
        try:
            yield cipher.decrypt(nonce, sealed, _bound(name, place, is_last=not length))
        except (InvalidTag, ValueError):
            raise CannotDecrypt(f"workbook {name}: cut or altered") from None
        if not length:
            return


def _bound(name: str, place: int, *, is_last: bool) -> bytes:
    return f"workbook|{name}|{place}|{'last' if is_last else 'more'}".encode()
