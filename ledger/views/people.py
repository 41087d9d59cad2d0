"""Households and persons: the list, one household, one person, and what is entered about them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Prefetch, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from bureaus import clock
from bureaus.access import NotYours
from bureaus.pages import attempt, number, only, person, sent_from, standing_of
from ledger import access, audit, blind, id_numbers
from ledger.actions import looking, people
from ledger.encryption import can_read
from ledger.forms.people import HouseholdForm, MemberForm, PersonForm
from ledger.models import Dwelling, Household, Membership, Person
from ledger.sheets import Section, of_household, of_person
from ledger.views.base import back_to, form_page, own_county, personal, reach_of, takes_form

A_PAGE = 50
# What is recorded most often: offered first.
OFTEN = ("survey", "statement", "spell", "match", "visit", "training")


@require_GET
@personal
def households(request: HttpRequest) -> HttpResponse:
    """Those one may see, by county, site and state."""
    reach = reach_of(request)
    rows = access.visible_households(standing_of(request))
    counties = [one for one in access.counties() if reach.counties is None or one.pk in reach.counties]
    county = next((one for one in counties if one.code == request.GET.get("county")), None)
    if county:
        rows = rows.filter(county=county)
    kind = request.GET.get("kind", "")
    if kind in Household.Kind.values:
        rows = rows.filter(resettlement=kind)
    gone = request.GET.get("state") == "gone"
    active = Q(status=Household.Status.ACTIVE)
    rows = rows.exclude(active) if gone else rows.filter(active)
    rows = rows.annotate(members=Count("memberships", filter=Q(memberships__until=None))).order_by(
        "county__order", "code"
    )
    heads = Membership.objects.filter(until=None, relation="head").select_related("person")
    page = Paginator(rows.prefetch_related(Prefetch("memberships", heads, to_attr="heads")), A_PAGE).get_page(
        number(request.GET.get("page", "1"))
    )
    looking.listed("households", by=person(request), now=clock.now(), n=len(page.object_list))
    return render(
        request,
        "ledger/households.html",
        {
            "page": page,
            "counties": counties,
            "county": county,
            "kind": kind,
            "kinds": Household.Kind.choices,
            "gone": gone,
            "keeps": bool(reach.keeps),
            "text": "",
        },
    )


@sent_from("households")
@personal
def find(request: HttpRequest) -> HttpResponse:
    """By household code, name, or a whole ID number or phone, which no address and no log may hold."""
    text = request.POST.get("q", "").strip()[:60]
    standing, now = standing_of(request), clock.now()
    homes = access.visible_households(standing).filter(code__iexact=text)
    persons = access.visible_persons(standing)
    plain_id, plain_phone = id_numbers.normalised(text), id_numbers.normalised_phone(text)
    if id_numbers.is_valid(plain_id):
        found = persons.filter(id_index=blind.of_id_number(plain_id))
        how = "id_number"
    elif plain_phone.isdigit() and len(plain_phone) == 11:
        found = persons.filter(phone_index=blind.of_phone(plain_phone))
        how = "phone"
    elif audit.holds_personal_number(text):
        # A digit is wrong: nobody is found by it, and it is not written on a page either.
        found, how = persons.none(), "id_number"
    else:
        found = persons.filter(Q(name__icontains=text) | Q(code__iexact=text)) if text else persons.none()
        how = "name"
    rows = list(found.prefetch_related(_open_memberships())[: A_PAGE + 1])
    looking.searched(how, by=person(request), now=now, n=len(rows))
    if len(rows) == 1 and not homes.exists():
        return redirect("person", uid=rows[0].uid)
    if homes.count() == 1 and not rows:
        return redirect("household", uid=homes.get().uid)
    context = {
        "homes": homes,
        "rows": rows[:A_PAGE],
        "is_cut": len(rows) > A_PAGE,
        "text": text if how == "name" else "",
        "what": how,
    }
    return render(request, "ledger/found.html", context)


def _open_memberships() -> Prefetch[Any]:
    return Prefetch("memberships", Membership.objects.filter(until=None).select_related("household"), to_attr="now_in")


@require_GET
@personal
def household(request: HttpRequest, uid: str) -> HttpResponse:
    row = get_object_or_404(access.visible_households(standing_of(request)), uid=uid)
    return household_page(request, row)


def household_page(request: HttpRequest, row: Household, status: int = 200, **more: Any) -> HttpResponse:
    reach = reach_of(request)
    looking.looked(row, by=person(request), now=clock.now())
    context = {
        "row": row,
        **_sorted(of_household(row, reach)),
        "members": row.memberships.filter(until=None).select_related("person").order_by("id"),
        "former": row.memberships.exclude(until=None).select_related("person"),
        "events": row.events.select_related("by").order_by("-on", "-id"),
        "keeps": row.county_id in reach.keeps,
        "today": clock.today(),
        "purposes": looking.Purpose.choices,
        "homes": _hidden_addresses(row, reach),
    }
    return render(request, "ledger/household.html", context | more, status=status)


def _hidden_addresses(row: Household, reach: access.Reach) -> list[Dwelling]:
    """Homes whose address is entered and may be shown to this person, one at a time."""
    if not (reach.sees(access.HOMES) and reach.may_reveal(row.county_id)):
        return []
    return list(row.dwellings.filter(address__isnull=False).order_by("id"))


@sent_from("household", "uid")
@personal
def reveal_address(request: HttpRequest, uid: str, pk: int) -> HttpResponse:
    """The address of one home of the household in the clear, this once."""
    row = get_object_or_404(access.visible_households(standing_of(request)), uid=uid)
    home = get_object_or_404(row.dwellings.select_related("household"), pk=pk)
    purpose = request.POST.get("purpose", "")
    if purpose not in looking.Purpose.values:
        messages.error(request, _("Say what you need it for."))
        return household_page(request, row, 422)
    try:
        value = looking.reveal_address(home, by=person(request), now=clock.now(), purpose=purpose)
    except NotYours as error:
        raise Http404 from error
    return household_page(request, row, revealed=home.pk, value=value)


def _sorted(sheet: list[Section]) -> dict[str, list[Section]]:
    """What is recorded; of what there is nothing; and what this person may record, the most used first."""
    return {
        "filled": [section for section in sheet if section.lines],
        "blank": [section for section in sheet if not section.lines],
        "may_add": sorted(
            (section for section in sheet if section.may_add),
            key=lambda section: OFTEN.index(section.record.code) if section.record.code in OFTEN else len(OFTEN),
        ),
    }


@require_GET
@personal
def one_person(request: HttpRequest, uid: str) -> HttpResponse:
    row = get_object_or_404(access.visible_persons(standing_of(request)), uid=uid)
    return person_page(request, row)


def person_page(request: HttpRequest, row: Person, status: int = 200, **more: Any) -> HttpResponse:
    reach, today = reach_of(request), clock.today()
    looking.looked(row, by=person(request), now=clock.now())
    home = row.memberships.filter(until=None).select_related("household").first()
    context = {
        "row": row,
        "home": home,
        "age": row.age(today),
        **_sorted(of_person(row, reach)),
        "hidden": hidden(row, reach),
        "keeps": row.county_id in reach.keeps,
        "sees_roster": reach.sees(access.ROSTER),
        "purposes": looking.Purpose.choices,
        "proposal": row.proposals.filter(state="proposed").first() if row.county_id in reach.keeps else None,
        "requests": row.correction_requests.order_by("-asked_on", "-id"),
        "sees_log": access.decides(standing_of(request), row.county_id),
    }
    return render(request, "ledger/person.html", context | more, status=status)


def hidden(row: Person, reach: access.Reach) -> list[dict[str, Any]]:
    """What is masked: a label, what is shown of it, and whether this person may have it shown."""
    found = []
    for name, label, mask in (
        ("id_number", _("resident ID number"), id_numbers.masked),
        ("phone", _("phone"), id_numbers.masked_phone),
        ("health_note", _("note on health"), None),
    ):
        part = looking.HIDDEN[name]
        if part and not reach.sees(part):
            continue
        readable = can_read(row, name)
        value = getattr(row, name) if readable else ""
        found.append(
            {
                "name": name,
                "label": label,
                "shown": (mask(value) if mask else "•••") if value else "",
                "lost": not readable,
                "may": bool(value) and reach.may_reveal(row.county_id),
            }
        )
    return found


@sent_from("person", "uid")
@personal
def reveal(request: HttpRequest, uid: str) -> HttpResponse:
    """One masked value in the clear, this once."""
    row = get_object_or_404(access.visible_persons(standing_of(request)), uid=uid)
    field, purpose = request.POST.get("field", ""), request.POST.get("purpose", "")
    if purpose not in looking.Purpose.values:
        messages.error(request, _("Say what you need it for."))
        return person_page(request, row, 422)
    only(field in looking.HIDDEN)
    try:
        value = looking.reveal(row, field, by=person(request), now=clock.now(), purpose=purpose)
    except NotYours as error:
        raise Http404 from error
    return person_page(request, row, revealed=field, value=value)


# --- Entering and changing -------------------------------------------------------------------


@takes_form
@personal
def enter_household(request: HttpRequest) -> HttpResponse:
    """A household of the county one works in."""
    county = own_county(request)
    form = HouseholdForm(county, request.POST or None)
    made: list[Household] = []
    status = attempt(
        request,
        form,
        lambda: made.append(people.enter_household(county, by=person(request), now=clock.now(), **form.values())),
        _("The household is entered. Enter its members next."),
    )
    if status == 302:
        return back_to(made[0])
    context = {"form": form, "title": _("Enter a household"), "back": "households", "county": county}
    return render(request, "ledger/form.html", context, status=status)


@takes_form
@personal
def edit_household(request: HttpRequest, uid: str) -> HttpResponse:
    row = get_object_or_404(access.visible_households(standing_of(request)), uid=uid)
    only(row.county_id in reach_of(request).keeps)
    form = HouseholdForm(row.county, request.POST or None, instance=row)
    status = attempt(
        request,
        form,
        lambda: people.change_household(
            row, by=person(request), now=clock.now(), seen=number(request.POST.get("seen", "")), **form.values()
        ),
        _("Saved."),
    )
    if status == 302:
        return back_to(row)
    return form_page(request, form, row, _("Change the household"), status)


@takes_form
@personal
def enter_person(request: HttpRequest, uid: str) -> HttpResponse:
    """One more member of a household."""
    home = get_object_or_404(access.visible_households(standing_of(request)), uid=uid)
    only(home.county_id in reach_of(request).keeps)
    form = MemberForm(request.POST or None)
    status = attempt(
        request,
        form,
        lambda: people.enter_person(home, by=person(request), now=clock.now(), **form.values()),
        _("The person is entered."),
    )
    if status == 302:
        return back_to(home)
    return form_page(request, form, home, _("Enter a member"), status)


@takes_form
@personal
def edit_person(request: HttpRequest, uid: str) -> HttpResponse:
    row = get_object_or_404(access.visible_persons(standing_of(request)), uid=uid)
    only(row.county_id in reach_of(request).keeps)
    form = PersonForm(request.POST or None, instance=row)
    status = attempt(
        request,
        form,
        lambda: people.change_person(
            row, by=person(request), now=clock.now(), seen=number(request.POST.get("seen", "")), **form.values()
        ),
        _("Saved."),
    )
    if status == 302:
        return back_to(row)
    return form_page(request, form, row, _("Fill in or change"), status)


@sent_from("household", "uid")
@personal
def confirm(request: HttpRequest, uid: str) -> HttpResponse:
    """All of it is still true."""
    row = get_object_or_404(access.visible_households(standing_of(request)), uid=uid)
    only(row.county_id in reach_of(request).keeps)
    people.confirm_unchanged(row, by=person(request), now=clock.now())
    messages.success(request, _("Confirmed as of today."))
    return back_to(row)
