"""The approved templates of a provider, as its address names them, and the values of their variables."""

from __future__ import annotations

from django.utils.translation import gettext as _

from notifications.providers import ProviderError, Text, Trouble
from notifications.providers.addresses import Address


class Templates:
    """`item=` and `digest=` of an address; `item_values=` and `digest_values=` name their variables in order."""

    def __init__(self, address: Address) -> None:
        self.codes = {"item": address.option("item"), "digest": address.option("digest")}
        self._names = {
            "item": address.names("item_values", "number,due"),
            "digest": address.names("digest_values", "count"),
        }

    def values(self, text: Text) -> dict[str, str]:
        """What the template asks for and no more, in its order. Raises ProviderError (MESSAGE) if one is missing."""
        names = self._names[text.kind]
        missing = [name for name in names if not text.values.get(name)]
        if missing:
            words = _("The template's variables have no value: %(names)s.") % {"names": ", ".join(missing)}
            raise ProviderError(Trouble.MESSAGE, "", words)
        return {name: text.values[name] for name in names}
