"""What is alike is put into words once: it must read as if each had been written by itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.utils.translation import override

from bureaus import calendars
from bureaus.clock import local_date
from measures.models import Plan
from notifications import texts
from notifications.models import Message
from tests.make import at, deadline, person, row
from workflows import notices, words

NOW = at(2019, 7, 10, 11)
# Two dates, and two rows that share one; a title may hold anything.
ROWS = ("survey/654224", "survey/654201", "monthly/654224/2019-06")
ODD = "\ue000reason\ue001 {{ title }} 100% <b>"


def told(kind: str, channel: str) -> Iterator[Message]:
    for key in ROWS:
        for reader, reason in (("托里县·经办人", "因为甲"), ("托里县·分管领导", "")):
            main = deadline(row(key))
            data = {"deadline": main.pk, "rung": "T-3", "occ": 0}
            yield Message(kind=kind, channel=channel, recipient=person(reader), reason=reason, data=data)


@pytest.mark.uncounted
@pytest.mark.parametrize("kind", notices.RUNG_KINDS)
@pytest.mark.parametrize("channel", ["inbox", "email", "sms"])
def test_words_of_many_are_the_words_of_each(kind: str, channel: str, tacheng: Plan) -> None:
    odd = row(ROWS[1])
    odd.title = ODD
    odd.save(update_fields=["title"])
    messages = list(told(kind, channel))
    said = words.words_of(messages, NOW)
    assert len({(one.subject, one.body) for one in said}) > 1
    for message, spoken in zip(messages, said, strict=True):
        main = deadline(row(ROWS[messages.index(message) // 2]))
        with override(settings.LANGUAGE_CODE):
            context = notices.context_of(main.assignment) | {
                "unit": main.unit,
                "due_on": main.due_on,
                "days_late": (local_date(NOW) - main.due_on).days,
                "days_left": calendars.days_for(main.unit).between(local_date(NOW), main.due_on),
                "rung": "T-3",
                "reason": message.reason,
            }
            part = "sms" if channel == "sms" else "email"
            # Late, it says what is true by now.
            by_now = "overdue" if kind in ("reminder", "due") and main.due_on < local_date(NOW) else kind
            assert spoken.subject == spoken.line == texts.render(by_now, "subject", context)[:200]
            assert spoken.body == texts.render(by_now, part, context)
        assert spoken.url == f"/assignments/{main.assignment_id}/" or spoken.url.endswith(f"/{main.assignment_id}/")
