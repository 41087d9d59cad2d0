"""`EncryptedTextField`: text that stands encrypted in the database, by AES-256-GCM with a key of `ledger.keys`.

What is stored: `v1g:<key id>:` + nonce (12 bytes) + ciphertext and tag. `v1` is the layout, `g` the algorithm (room
for SM4). The tag covers the head and where the value belongs ("ledger.Person.id_number"): one that was cut, altered
or copied into another column is not taken for anything. NULL stays NULL; an empty text is encrypted as well.

Rows are loaded without being decrypted: what comes from the database is `Sealed` until the attribute is read. A page
that does not touch it pays nothing, and opens even if the key is lost; `CannotDecrypt` is raised on reading, never
ciphertext given back. `values()` and `values_list()` give `Sealed`, which says `open()`. Saving a row writes what was
not read back as it was.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import Any, NoReturn

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django import forms
from django.core import checks
from django.core.validators import MaxLengthValidator
from django.db import models
from django.db.models.query_utils import DeferredAttribute
from django.utils.functional import Promise

from ledger import keys

_HEAD = re.compile(rb"v1g:([a-z0-9]{1,16}):")
_NONCE, _TAG = 12, 16


class CannotDecrypt(Exception):
    """The key is not in the ring, or the value is not what was written here. Says where, never what."""


@dataclass(frozen=True, eq=False)
class Sealed:
    """A value as the database holds it, and the place it belongs to. Neither shown nor compared: `open()` it."""

    raw: bytes = field(repr=False)
    place: str

    @property
    def key_id(self) -> str:
        """Which key it was written with; empty where that cannot be seen."""
        head = _HEAD.match(self.raw)
        return head[1].decode() if head else ""

    def open(self) -> str:
        """The text. Raises CannotDecrypt."""
        head = _HEAD.match(self.raw)
        if not head or len(self.raw) < head.end() + _NONCE + _TAG:
            raise CannotDecrypt(f"{self.place}: this is no encrypted value")
        try:
            key = keys.ring().fields.get(self.key_id)
        except keys.KeysUnusable as error:
            raise CannotDecrypt(f"{self.place}: {error}") from error
        if key is None:
            raise CannotDecrypt(f"{self.place}: the key {self.key_id} is not in the ring")
        nonce, body = self.raw[head.end() : head.end() + _NONCE], self.raw[head.end() + _NONCE :]
        try:
            return AESGCM(key).decrypt(nonce, body, head[0] + self.place.encode()).decode()
        except (InvalidTag, UnicodeDecodeError):
            raise CannotDecrypt(
                f"{self.place}: altered, cut, from another place, or written with another key named {self.key_id}"
            ) from None

    def __str__(self) -> NoReturn:
        raise TypeError("a sealed value has no text: open() it")


def seal(text: str, place: str) -> Sealed:
    """Encrypt with the key that writes. Raises keys.KeysUnusable."""
    ring = keys.ring_to_write()
    head = f"v1g:{ring.writing}:".encode()
    nonce = os.urandom(_NONCE)
    body = AESGCM(ring.fields[ring.writing]).encrypt(nonce, text.encode(), head + place.encode())
    return Sealed(head + nonce + body, place)


def can_read(row: models.Model, name: str) -> bool:
    """Whether the encrypted field of this row can be read: for pages that open although a key is lost."""
    try:
        getattr(row, name)
    except CannotDecrypt:
        return False
    return True


class _Opening(DeferredAttribute):
    """Decrypts when it is read, once."""

    field: EncryptedTextField

    def __get__(self, instance: models.Model | None, cls: type[models.Model] | None = None) -> Any:
        value = super().__get__(instance, cls)
        if isinstance(value, Sealed):
            value = instance.__dict__[self.field.attname] = value.open()
        return value

    # With it the instance's own dictionary is no longer asked first.
    def __set__(self, instance: models.Model, value: Any) -> None:
        instance.__dict__[self.field.attname] = value


class EncryptedTextField(models.Field):
    """Text, or None where null is allowed. `max_length` counts characters of the text.

    `place` keeps values readable that were written before the model or the field had its present name.
    """

    description = "Encrypted text"
    descriptor_class = _Opening

    def __init__(self, *args: Any, place: str = "", **kwargs: Any) -> None:
        self.own_place = place
        super().__init__(*args, **kwargs)
        if self.max_length is not None:
            self.validators.append(MaxLengthValidator(self.max_length))

    @property
    def place(self) -> str:
        """The concrete model and the field: what a value is bound to."""
        concrete = self.model._meta.concrete_model or self.model
        return self.own_place or f"{concrete._meta.label}.{self.name}"

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        if self.own_place:
            kwargs["place"] = self.own_place
        return name, path, args, kwargs

    def get_internal_type(self) -> str:
        return "BinaryField"

    # --- From the database and back ------------------------------------------------------------

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Sealed | None:
        return None if value is None else Sealed(bytes(value), self.place)

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        """What was not read is not decrypted either."""
        if self.attname in model_instance.__dict__:
            return model_instance.__dict__[self.attname]
        return super().pre_save(model_instance, add)

    def get_prep_value(self, value: Any) -> Any:
        if isinstance(value, Promise):
            value = str(value)
        if value is None or isinstance(value, str | Sealed):
            return value
        raise TypeError(f"{self.place} takes text, not {type(value).__name__}")

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        value = value if prepared else self.get_prep_value(value)
        if value is None:
            return None
        if isinstance(value, Sealed) and value.place != self.place:
            value = value.open()
        sealed = value if isinstance(value, Sealed) else seal(value, self.place)
        return connection.Database.Binary(sealed.raw)

    def to_python(self, value: Any) -> Any:
        return value.open() if isinstance(value, Sealed) else value

    def value_to_string(self, obj: models.Model) -> str:
        raise TypeError(f"{self.place} is not written into fixtures: it would stand there in the clear")

    def formfield(self, *args: Any, **kwargs: Any) -> Any:
        return super().formfield(*args, **{"form_class": forms.CharField, "max_length": self.max_length, **kwargs})

    # --- Nothing can be asked of it ------------------------------------------------------------

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name != "isnull":
            raise TypeError(f"{self.place} is encrypted: {lookup_name} can find nothing; ask its blind index")
        return super().get_lookup(lookup_name)

    def get_transform(self, lookup_name: str) -> NoReturn:
        raise TypeError(f"{self.place} is encrypted: {lookup_name} can find nothing; ask its blind index")

    def check(self, **kwargs: Any) -> list[checks.CheckMessage]:
        found = super().check(**kwargs)
        ordered = {str(name).lstrip("-") for name in self.model._meta.ordering or () if isinstance(name, str)}
        if self.unique or getattr(self, "db_index", False) or self.name in ordered:
            hint = "A fresh nonce makes every value different: use a blind index beside it."
            found.append(
                checks.Error("An encrypted field is neither unique, indexed nor ordered by.", hint, self, "ledger.E001")
            )
        return found


def encrypted_fields(model: type[models.Model]) -> list[EncryptedTextField]:
    """Those whose column is in the model's own table."""
    return [one for one in model._meta.local_concrete_fields if isinstance(one, EncryptedTextField)]
