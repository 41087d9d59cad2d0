"""Rights, homes and sites: what is checked, what lapsed, whose certificate is out, what a site has."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from bureaus.models import Bureau
from ledger.encryption import EncryptedTextField
from ledger.models.base import Kept
from ledger.models.households import Household, Person
from measures.models import Site


class Right(models.TextChoices):
    """What 四（五） keeps for the households after the move."""

    LAND_CONTRACT = "land_contract", _("land contracts unchanged")
    LAND_CERTIFICATE = "land_certificate", _("land rights confirmed and certified")
    FOREST_RETURN = "forest_return", _("subsidy for returning farmland to forest")
    GRASSLAND = "grassland", _("grassland subsidy")
    SOIL = "soil_subsidy", _("subsidy for soil fertility")
    MEDICAL = "medical", _("medical insurance")
    PENSION = "pension", _("pension insurance")
    LOW_LIVING = "low_living", _("minimum living allowance")


# Kept for each person; the others for the household.
OF_PERSONS = frozenset({Right.MEDICAL, Right.PENSION})


class RightCheck(Kept):
    """One look at one right. The last one counts."""

    class Applicable(models.TextChoices):
        YES = "yes", _("yes")
        NO = "no", _("no")

    class Finding(models.TextChoices):
        KEPT = "kept", _("kept")
        LAPSED = "lapsed", _("lapsed")
        NOT_RECEIVED = "not_received", _("not received")
        PENDING = "pending", _("under way")

    household = models.ForeignKey(
        Household, models.PROTECT, null=True, blank=True, related_name="right_checks", verbose_name=_("household")
    )
    person = models.ForeignKey(
        Person, models.PROTECT, null=True, blank=True, related_name="right_checks", verbose_name=_("person")
    )
    right = models.CharField(_("right"), max_length=16, choices=Right)
    applicable = models.CharField(_("applies"), max_length=3, choices=Applicable, blank=True)
    checked_on = models.DateField(_("checked on"), null=True, blank=True)
    finding = models.CharField(pgettext_lazy("ledger", "finding"), max_length=12, choices=Finding, blank=True)
    detail = models.CharField(_("detail"), max_length=200, blank=True)
    resolved_on = models.DateField(_("put right on"), null=True, blank=True)
    unit = models.ForeignKey(
        Bureau, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("checked by")
    )

    class Meta:
        verbose_name = _("check of a right")
        verbose_name_plural = _("checks of rights")
        ordering = ["household_id", "person_id", "right", "checked_on", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(household__isnull=True) ^ Q(person__isnull=True), name="right_of_household_or_person"
            )
        ]

    def __str__(self) -> str:
        return self.get_right_display()


class Dwelling(Kept):
    """The home a household was given (安置房), and its certificate."""

    class Registrable(models.TextChoices):
        YES = "yes", _("yes")
        NO = "no", _("not yet")

    household = models.ForeignKey(Household, models.PROTECT, related_name="dwellings", verbose_name=_("household"))
    site = models.ForeignKey(
        Site, models.PROTECT, null=True, blank=True, related_name="dwellings", verbose_name=_("resettlement site")
    )
    address = EncryptedTextField(_("address"), null=True, blank=True)
    special = models.BooleanField(_("special kind of resettlement"), default=False)
    registrable = models.CharField(_("can be registered"), max_length=3, choices=Registrable, blank=True)
    blocked_reason = models.CharField(_("why not yet"), max_length=100, blank=True)
    applied_on = models.DateField(_("applied for on"), null=True, blank=True)
    certificate_no = models.CharField(_("certificate number"), max_length=40, blank=True)
    issued_on = models.DateField(pgettext_lazy("ledger", "issued on"), null=True, blank=True)
    handed_over_on = models.DateField(_("handed over on"), null=True, blank=True)

    class Meta:
        verbose_name = pgettext_lazy("ledger", "home")
        verbose_name_plural = _("homes")
        ordering = ["household_id", "id"]

    def __str__(self) -> str:
        return str(self.household)


class FacilityCheck(Kept):
    """What a site has (四（六）): about places, never about people. The last one counts."""

    class Item(models.TextChoices):
        HOUSEHOLD_REGISTRATION = "household_registration", _("window for household registration")
        EMPLOYMENT = "employment", _("window for employment")
        SCHOOLING = "schooling", _("window for schooling")
        MEDICAL_SOCIAL = "medical_social", _("window for medical care and social insurance")
        LEGAL = "legal", _("window for legal advice")
        COMMITTEE = "committee", _("villagers' or residents' committee")
        PREMISES = "premises", _("premises")
        CULTURE = "culture", _("cultural services")
        WATER = "water", _("water")
        POWER = "power", _("power")
        GAS = "gas", _("gas")
        HEAT = "heat", _("heat")
        SEWAGE = "sewage", _("sewage")
        SCHOOL = "school", _("school")
        HOSPITAL = "hospital", _("hospital")

    class State(models.TextChoices):
        NONE = "none", _("none")
        PLANNED = "planned", _("planned")
        BUILDING = "building", _("being built")
        IN_SERVICE = "in_service", pgettext_lazy("ledger", "in service")

    site = models.ForeignKey(Site, models.PROTECT, related_name="facilities", verbose_name=_("resettlement site"))
    item = models.CharField(_("facility"), max_length=24, choices=Item)
    required = models.BooleanField(_("wanted here"), default=True)
    reason = models.CharField(_("why not wanted"), max_length=100, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State)
    on = models.DateField(_("as of"))
    evidence = models.CharField(_("evidence"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("check of a facility")
        verbose_name_plural = _("checks of facilities")
        ordering = ["site_id", "item", "on", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(required=True) | ~Q(reason=""), name="not_wanted_says_why"),
        ]

    def __str__(self) -> str:
        return f"{self.site} {self.get_item_display()}"
