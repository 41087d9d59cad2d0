"""Files laid beside the work: as a download, on a page of their own, and as a browser may be shown them."""

from __future__ import annotations

from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from bureaus.pages import standing_of
from measures.access import visible_assignments
from measures.models import Attachment
from workflows import file_kinds

WORDS_SHOWN = 100_000  # of a text on its page; the rest is in the download


def _get(request: HttpRequest, pk: int) -> Attachment:
    """A file, if this person may see what it lies beside; otherwise it does not exist."""
    visible = visible_assignments(standing_of(request)).values("pk")
    found = Attachment.objects.select_related("assignment__unit", "event", "by").filter(assignment__in=visible)
    return get_object_or_404(found, pk=pk)


@require_GET
def download(request: HttpRequest, pk: int) -> FileResponse:
    found = _get(request, pk)
    return FileResponse(found.file.open("rb"), as_attachment=True, filename=found.name, content_type=found.content_type)


@require_GET
def preview(request: HttpRequest, pk: int) -> HttpResponse:
    """What it is, from whom and when; a picture or a text as it is, a PDF by a link."""
    found = _get(request, pk)
    kind = file_kinds.of_type(found.content_type)
    words = None
    if kind and kind.shown == file_kinds.WORDS:
        with found.file.open("rb") as file:
            words = file_kinds.words_of(file.read()) or ""
    told = {
        "file": found,
        "row": found.assignment,
        "kind": kind,
        "words": words[:WORDS_SHOWN] if words else words,
        "is_cut": bool(words and len(words) > WORDS_SHOWN),
    }
    return render(request, "workflows/attachment.html", told)


@require_GET
def inline(request: HttpRequest, pk: int) -> FileResponse | HttpResponse:
    """A picture or a PDF for the browser to show, with nothing in it allowed to run or to ask anybody."""
    found = _get(request, pk)
    kind = file_kinds.of_type(found.content_type)
    if kind is None or kind.shown not in file_kinds.POLICIES:
        raise Http404
    mark = f'"{found.sha256}"'
    answer: FileResponse | HttpResponse
    if request.headers.get("If-None-Match") == mark:
        answer = HttpResponseNotModified()
    else:
        answer = FileResponse(found.file.open("rb"), filename=found.name, content_type=kind.media_type)
    # Kept by the browser, which asks each time whether it may still show it: a slow line carries it once.
    answer.headers["ETag"] = mark
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.headers["Content-Security-Policy"] = file_kinds.POLICIES[kind.shown]
    answer.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return answer
