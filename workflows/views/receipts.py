"""Where SMS providers tell how an SMS ended: a secret address, since most of them sign nothing."""

from __future__ import annotations

import logging
import secrets

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from notifications import receipts
from notifications.channels import sms

logger = logging.getLogger(__name__)


@csrf_exempt
@login_not_required
@require_POST
@never_cache
def receive(request: HttpRequest, provider: str, token: str) -> HttpResponse:
    """Keep what is told, and answer as the provider wants it. The tick of the sender applies it."""
    known = settings.SMS_RECEIPT_TOKEN
    if not known or not secrets.compare_digest(token.encode(), known.encode()):
        raise Http404
    one = next((one for one in sms.providers() if one.name == provider), None)
    if one is None:
        raise Http404
    try:
        told = one.receipts(request.body, request.headers)
    except (ValueError, RequestDataTooBig) as error:
        # Not its words: they may hold a number.
        logger.warning("receipts of %s could not be read: %s", provider, type(error).__name__)
        return HttpResponse(status=400)
    receipts.keep(provider, told)
    body, kind = one.answer()
    return HttpResponse(body, content_type=kind)
