"""Filling in the administration's forms as a browser would: what the page shows, with some changes."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from tests.pages import web
from tests.pages.web import Element

Values = dict[str, list[str]]


def url(page: str, *args: Any) -> str:
    """url("bureaus_user_change", 3)."""
    return reverse(f"admin:{page}", args=args)


def shown(client: Client, address: str) -> Values:
    """What the form on a page would send if nobody touched it."""
    page = web.read(client, address)
    forms = [form for form in page.all("form") if form.attrs.get("id", "").endswith("_form")]
    assert len(forms) == 1, [form.attrs for form in forms]
    return _values(forms[0])


def _values(form: Element) -> Values:
    found: Values = {}
    for part in form.walk():
        name = part.attrs.get("name")
        if not name or name == "csrfmiddlewaretoken" or "disabled" in part.attrs or "__prefix__" in name:
            continue
        if part.tag == "input" and part.attrs.get("type") != "submit":
            ticked = part.attrs.get("type") in ("radio", "checkbox")
            if ticked and "checked" not in part.attrs:
                continue
            found.setdefault(name, []).append(part.attrs.get("value", "on" if ticked else ""))
        elif part.tag == "textarea":
            found[name] = ["".join(str(child) for child in part.children).removeprefix("\n")]
        elif part.tag == "select":
            found[name] = [option.attrs["value"] for option in part.all("option") if "selected" in option.attrs]
    return found


def save(client: Client, address: str, **changes: Any) -> Any:
    """Change some fields of the form at the address and save it; None leaves a field out."""
    values: dict[str, Any] = {**shown(client, address), **changes}
    return client.post(address, {name: value for name, value in values.items() if value is not None})


def saved(answer: Any) -> bool:
    return bool(answer.status_code == 302)


def said(answer: Any) -> str:
    """The sentences beside the fields and above the form."""
    page = web.Page(answer.content.decode())
    return " ".join(part.text for part in page.all(cls="errorlist") + page.all(cls="messagelist"))


def noted(client: Client, address: str) -> str:
    """What stands in the box at the top of a page."""
    return " ".join(part.text for part in web.read(client, address).all(cls="notes"))


def act(client: Client, page: str, action: str, *rows: Any, **more: str) -> Any:
    """Choose rows of a list and an action, and follow to what is said afterwards."""
    sent = {"action": action, "_selected_action": [row.pk for row in rows], "index": "0", **more}
    return client.post(url(page), sent, follow=True)


def logged() -> list[tuple[str, str]]:
    """(what, how) of every change in the log, oldest first."""
    return [(entry.object_repr, entry.get_change_message()) for entry in LogEntry.objects.order_by("id")]
