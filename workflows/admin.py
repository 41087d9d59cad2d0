"""The administrator's pages for ladders, and the list of notices that could reach nobody.

Runs, slips and other firings are work and have no page here. Besides: what becomes of work whose
handler leaves, which the pages of `bureaus` cannot know.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.forms.formsets import DELETION_FIELD_NAME
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from viewflow.workflow import admin as of_viewflow  # noqa: F401  (registers its models; taken back below)
from viewflow.workflow.models import Process, Task

from bureaus import clock
from bureaus.admin.base import ByRole, LookAdmin, ReferenceAdmin
from bureaus.models import User
from bureaus.pages import person as signed_in
from measures.admin import WorkingPersonAdmin
from measures.models import Deadline
from workflows import actions, ladder_moves, notices
from workflows.audience import AUDIENCES
from workflows.ladders import in_words
from workflows.models import Firing, Ladder, Rung

admin.site.unregister([Process, Task])  # work, which an administrator does not see
admin.site.unregister(User)

WHOSE = {"own": _("%(role)s of the unit"), "lead": _("%(role)s of the lead bureau")}
KEY = re.compile(r"(?P<word>[A-Za-z]+)(?P<days>[+-]\d+)?\Z")
FARTHEST = 250  # working days: about a year


def audience_names() -> list[tuple[str, str]]:
    """Each audience in words; a post of the two organs says by its name where it sits."""
    return [
        (name, str(WHOSE.get(whose, "%(role)s")) % {"role": role.label}) for name, (role, whose) in AUDIENCES.items()
    ]


class RungForm(forms.ModelForm):
    audiences = forms.MultipleChoiceField(
        label=_("tells"),
        choices=audience_names,
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": _("Say who is told: a rung without anybody would do nothing."),
            "invalid_choice": _("“%(value)s” is nobody this system knows how to tell."),
        },
    )

    class Meta:
        model = Rung
        fields = ["key", "offset", "audiences", "sms", "slip"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        key, offset = cleaned.get("key"), cleaned.get("offset")
        if key is None or offset is None:
            return cleaned
        if abs(offset) > FARTHEST:
            raise ValidationError({"offset": gettext("That is more than a year away from the date.")})
        said = KEY.match(key)
        if said is None or int(said["days"] or 0) != offset:
            word = said["word"] if said else "T"
            sentence = gettext("Write “%(right)s”: logs and notices name the rung by its days.")
            raise ValidationError({"key": sentence % {"right": f"{word}{offset:+d}" if offset else word}})
        return cleaned


class RungFormSet(forms.BaseInlineFormSet):
    """The rungs of one version together; their order is that of their days."""

    def clean(self) -> None:
        kept = [form for form in self.forms if form.has_changed() and not form.cleaned_data.get(DELETION_FIELD_NAME)]
        if any(form.errors for form in kept):
            return
        if not kept:
            raise ValidationError(gettext("A ladder needs at least one rung."))
        kept.sort(key=lambda form: form.cleaned_data["offset"])
        for earlier, later in pairwise(kept):
            if earlier.cleaned_data["offset"] == later.cleaned_data["offset"]:
                sentence = gettext("“%(one)s” and “%(other)s” fall on one day: make one rung of them.")
                words = {"one": earlier.cleaned_data["key"], "other": later.cleaned_data["key"]}
                raise ValidationError(sentence % words)
        for seq, form in enumerate(kept):
            form.instance.seq = seq
        newest = newest_of(self.instance.code)
        if newest and newest.name == self.instance.name and self._says(kept) == self._present(newest):
            raise ValidationError(gettext("Nothing has been changed."))
        super().clean()

    def _says(self, kept: Sequence[forms.ModelForm]) -> list[tuple[Any, ...]]:
        rows = [form.cleaned_data for form in kept]
        return [(row["key"], row["offset"], set(row["audiences"]), row["sms"], row["slip"]) for row in rows]

    def _present(self, ladder: Ladder) -> list[tuple[Any, ...]]:
        rungs = ladder.rungs.order_by("seq")
        return [(rung.key, rung.offset, set(rung.audiences), rung.sms, rung.slip) for rung in rungs]


class RungInline(ByRole, admin.TabularInline):
    model = Rung
    form = RungForm
    formset = RungFormSet
    readonly_fields = ["told"]
    ordering = ["seq"]
    extra = 0

    def get_fields(self, request: HttpRequest, obj: Ladder | None = None) -> Any:
        told = "told" if obj and not is_newest(obj) else "audiences"
        return ["key", "offset", told, "sms", "slip"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request) and (obj is None or is_newest(obj))

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_change_permission(request, obj)

    @admin.display(description=_("tells"))
    def told(self, rung: Rung) -> str:
        names = dict(audience_names())
        return "、".join(names.get(name, name) for name in rung.audiences)


def newest_of(code: str) -> Ladder | None:
    return Ladder.objects.filter(code=code).order_by("-version").first()


def is_newest(ladder: Ladder) -> bool:
    return ladder == newest_of(ladder.code)


@admin.register(User)
class NamedPersonAdmin(WorkingPersonAdmin):
    def gave_up_posts(self, request: HttpRequest, person: User) -> None:
        actions.tell_left(person, by=signed_in(request), now=clock.now())


@admin.register(Firing)
class UnreachedAdmin(LookAdmin):
    """Of the firings those that could be told to nobody: the number of the item and the day, nothing of the work."""

    list_display = ["fired_at", "item", "rung"]
    list_filter = ["fired_at"]
    ordering = ["-fired_at", "-id"]
    list_select_related = ["deadline__assignment"]

    def notes(self, request: HttpRequest, obj: Firing | None = None) -> Sequence[str]:
        return [
            gettext("Notices of work that fell due while nobody held the post they go to, nor any post above it."),
            gettext("Give these posts to somebody; the next notice of each item reaches them."),
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Firing]:
        return super().get_queryset(request).filter(outcome=Firing.Outcome.NO_RECIPIENT)

    @admin.display(description=_("item"))
    def item(self, firing: Firing) -> str:
        return notices.reference(firing.deadline.assignment)

    @admin.display(description=_("rung"))
    def rung(self, firing: Firing) -> str:
        return in_words(firing.explain["offset"]) if "offset" in firing.explain else firing.rung_key


@admin.register(Ladder)
class LadderAdmin(ReferenceAdmin):
    """A version, once saved, is never written again: what an edit says becomes the next one.

    That holds for unused versions too, for every process reads a version once and keeps it.
    """

    list_display = ["name", "code", "version", "counts", "days", "used_by"]
    list_filter = ["code"]
    ordering = ["code", "-version"]
    inlines = [RungInline]
    save_as = True  # Django's way of making a new row out of an edited one

    def notes(self, request: HttpRequest, obj: Ladder | None = None) -> Sequence[str]:
        notes = [
            gettext(
                "Saving makes the next version. Dates set from now on climb it; a date that already runs keeps "
                "the version it was set with, until you move running dates to the newest."
            ),
            gettext("Days are working days from the date, which is not counted itself: -3 before it, +1 after it."),
            gettext("When nobody holds a post, its notice goes to the post above it, and says so."),
        ]
        if obj and not is_newest(obj):
            notes.insert(0, gettext("This version has been followed by a newer one and can only be looked at."))
        return notes

    def get_queryset(self, request: HttpRequest) -> QuerySet[Ladder]:
        return super().get_queryset(request).prefetch_related("rungs")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only as the next version, saved from a ladder's page: of a new code no step would know."""
        return super().has_add_permission(request) and request.method == "POST" and self._page(request) is not None

    def _page(self, request: HttpRequest) -> Ladder | None:
        """The ladder whose page is open, also where Django takes its next version for a new row."""
        kwargs = request.resolver_match.kwargs if request.resolver_match else {}
        return self.get_object(request, unquote(kwargs["object_id"])) if "object_id" in kwargs else None

    def has_change_permission(self, request: HttpRequest, obj: Ladder | None = None) -> bool:
        return super().has_change_permission(request) and (obj is None or is_newest(obj))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: Ladder | None = None) -> Any:
        return ["code", "version", "name"] if obj else ["code", "name"]

    def get_readonly_fields(self, request: HttpRequest, obj: Ladder | None = None) -> list[str]:
        return ["code", "version"] if obj else []

    def get_urls(self) -> list[URLPattern]:
        moving = path("<int:pk>/move/", self.admin_site.admin_view(self.move_running), name="workflows_ladder_move")
        return [moving, *super().get_urls()]

    def move_running(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show what moving the running dates to the newest version would do, and do it when asked."""
        ladder = get_object_or_404(Ladder, pk=pk)
        if not self.has_change_permission(request, ladder):
            raise PermissionDenied
        if request.method != "POST":
            context = self.admin_site.each_context(request) | {
                "title": gettext("Move running dates to “%(ladder)s”") % {"ladder": ladder},
                "opts": self.opts,
                "ladder": ladder,
                "effect": ladder_moves.preview(ladder, now=clock.now()),
            }
            return TemplateResponse(request, "admin/workflows/ladder/move.html", context)
        by = request.user if isinstance(request.user, User) else None
        done = ladder_moves.move(ladder, by=by, now=clock.now())
        words = {"count": done}
        said = ngettext("%(count)d running date moved.", "%(count)d running dates moved.", done) % words
        self.log_change(request, ladder, said)
        self.message_user(request, said, messages.SUCCESS)
        if left := ladder_moves.waiting(ladder).count():
            sentence = ngettext("%(count)d is left; ask again.", "%(count)d are left; ask again.", left)
            self.message_user(request, sentence % {"count": left}, messages.WARNING)
        return redirect("admin:workflows_ladder_change", ladder.pk)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        ladder = self._page(request)
        if request.method == "POST" and ladder:
            newest = newest_of(ladder.code)
            if ladder != newest:
                sentence = gettext("A newer version has been saved meanwhile; it is shown here. Nothing was changed.")
                self.message_user(request, sentence, messages.ERROR)
                return redirect("admin:workflows_ladder_change", newest.pk if newest else ladder.pk)
            sent = request.POST.copy()
            sent.update({"_saveasnew": "1", "code": ladder.code})
            request.POST = sent  # type: ignore[assignment]
        return super().change_view(request, object_id, form_url, extra_context)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        if context["original"] is None:
            # A next version that was refused: to Django an addition, to the reader still this ladder.
            ladder = self._page(request)
            context |= {"original": ladder, "title": gettext("Next version"), "subtitle": str(ladder)}
        shown = context["original"]
        if shown is not None and is_newest(shown):
            context["can_move"] = ladder_moves.waiting(shown).exists()
        return super().render_change_form(request, context, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Ladder, form: Any, change: bool) -> None:
        if change:
            raise PermissionDenied
        versions = Ladder.objects.select_for_update().filter(code=obj.code).order_by("version")
        obj.version = max(ladder.version for ladder in versions) + 1
        super().save_model(request, obj, form, change)

    @admin.display(description=_("for new dates"), boolean=True)
    def counts(self, ladder: Ladder) -> bool:
        return is_newest(ladder)

    @admin.display(description=_("rungs"))
    def days(self, ladder: Ladder) -> str:
        return " · ".join(rung.key for rung in ladder.rungs.all())

    @admin.display(description=_("dates set with it"))
    def used_by(self, ladder: Ladder) -> int:
        return Deadline.objects.filter(ladder_code=ladder.code, ladder_version=ladder.version).count()
