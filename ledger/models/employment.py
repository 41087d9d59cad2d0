"""Work: employers and their posts, who works where since when, who lost work, and what was offered."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from bureaus.models import Bureau, User
from ledger.models.base import Kept
from ledger.models.households import Person


class Channel(models.TextChoices):
    """The six ways of 四（三）, and any other."""

    COOPERATION = "cooperation", _("east-west co-operation and industry")
    EXPORT = "export", _("labour export")
    PROJECT = "project", _("government investment projects")
    PUBLIC = "public", _("public-welfare posts")
    WORKSHOP = "workshop", _("employment workshops")
    BUSINESS = "business", pgettext_lazy("ledger", "starting a business")
    OTHER = "other", _("by themselves")


class Employer(Kept):
    """A firm, workshop or project that has work for the households."""

    class Kind(models.TextChoices):
        FIRM = "firm", _("firm")
        WORKSHOP = "workshop", _("employment workshop")
        PROJECT = "project", _("government investment project")
        COOPERATIVE = "cooperative", _("co-operative")
        PUBLIC = "public", _("public body")
        OTHER = "other", _("other")

    name = models.CharField(_("name of the employer"), max_length=80)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    county = models.ForeignKey(Bureau, models.PROTECT, related_name="employers", verbose_name=_("county"))
    place = models.CharField(_("place"), max_length=60, blank=True)

    class Meta:
        verbose_name = _("employer")
        verbose_name_plural = _("employers")
        ordering = ["county__order", "name"]
        constraints = [models.UniqueConstraint(fields=["county", "name"], name="employer_once")]

    def __str__(self) -> str:
        return self.name


class Post(Kept):
    """Work of one kind at an employer, with the places set aside for the households."""

    employer = models.ForeignKey(Employer, models.PROTECT, related_name="posts", verbose_name=_("employer"))
    title = models.CharField(pgettext_lazy("work", "post"), max_length=60)
    channel = models.CharField(_("way into work"), max_length=12, choices=Channel)
    places = models.PositiveIntegerField(_("places set aside"))
    pay = models.CharField(_("pay"), max_length=40, blank=True)
    opened_on = models.DateField(_("open from"))
    closed_on = models.DateField(_("closed on"), null=True, blank=True)

    class Meta:
        verbose_name = pgettext_lazy("work", "post")
        verbose_name_plural = pgettext_lazy("work", "posts")
        ordering = ["employer_id", "title"]

    def __str__(self) -> str:
        return self.title


class Spell(Kept):
    """A time of work or business of one person. Two may overlap (farm and odd jobs); one is the main one."""

    class Kind(models.TextChoices):
        UNIT = "unit", _("employed by a unit")
        PUBLIC_POST = "public_post", _("public-welfare post")
        WORKSHOP = "workshop", _("employment workshop")
        PROJECT = "government_project", _("government investment project")
        EXPORT = "labour_export", _("labour export")
        FLEXIBLE = "flexible", _("flexible work")
        BUSINESS = "business", _("a business of their own")
        FARMING = "farming", _("farming or herding of their own")
        HERDING = "herding", _("herding for others")

    class Period(models.TextChoices):
        MONTH = "month", _("a month")
        YEAR = "year", _("a year")
        DAY = "day", _("a day")

    person = models.ForeignKey(Person, models.PROTECT, related_name="spells", verbose_name=_("person"))
    kind = models.CharField(_("kind"), max_length=18, choices=Kind)
    channel = models.CharField(_("way into work"), max_length=12, choices=Channel, blank=True)
    post = models.ForeignKey(Post, models.PROTECT, null=True, blank=True, related_name="spells", verbose_name=_("post"))
    employer = models.CharField(_("employer"), max_length=80, blank=True)
    place = models.CharField(_("place of work"), max_length=60, blank=True)
    industry = models.CharField(_("trade"), max_length=40, blank=True)
    started_on = models.DateField(pgettext_lazy("ledger", "since"))
    ended_on = models.DateField(pgettext_lazy("ledger", "until"), null=True, blank=True)
    end_reason = models.CharField(_("why it ended"), max_length=100, blank=True)
    pay_amount = models.DecimalField(_("pay"), max_digits=10, decimal_places=2, null=True, blank=True)
    pay_period = models.CharField(_("pay for"), max_length=5, choices=Period, blank=True)
    project = models.CharField(_("business project"), max_length=80, blank=True)
    jobs_created = models.PositiveSmallIntegerField(_("jobs brought"), null=True, blank=True)
    contract_until = models.DateField(_("contract until"), null=True, blank=True)
    # The county's own word for it, as its list has it.
    source_label = models.CharField(_("as the county writes it"), max_length=40, blank=True)
    is_main = models.BooleanField(_("main work"), default=True)
    verified_on = models.DateField(_("looked at on"), null=True, blank=True)

    class Meta:
        verbose_name = _("work of a person")
        verbose_name_plural = _("work of persons")
        ordering = ["person_id", "started_on", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["person"], condition=Q(ended_on__isnull=True, is_main=True), name="one_main_work_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(ended_on__isnull=True) | Q(ended_on__gte=F("started_on")), name="work_ends_after_it_begins"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} {self.get_kind_display()}"


class Registration(Kept):
    """Somebody lost work and was registered, with a named helper (失业登记, 一对一)."""

    person = models.ForeignKey(Person, models.PROTECT, related_name="registrations", verbose_name=_("person"))
    spell = models.ForeignKey(Spell, models.PROTECT, null=True, blank=True, related_name="registrations")
    lost_on = models.DateField(_("lost work on"))
    registered_on = models.DateField(_("registered on"))
    helper = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("helped by")
    )
    closed_on = models.DateField(_("closed on"), null=True, blank=True)
    close_reason = models.CharField(_("why closed"), max_length=100, blank=True)

    class Meta:
        verbose_name = _("registration of unemployment")
        verbose_name_plural = _("registrations of unemployment")
        ordering = ["person_id", "registered_on"]
        constraints = [
            models.UniqueConstraint(
                fields=["person"], condition=Q(closed_on__isnull=True), name="one_registration_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return f"{self.person} {self.registered_on}"


class HelpAction(Kept):
    """One thing done for a registered person."""

    class Kind(models.TextChoices):
        INFORMATION = "information", _("posts told of")
        RECOMMENDED = "recommended", _("recommended")
        GUIDANCE = "guidance", pgettext_lazy("ledger", "guidance")

    registration = models.ForeignKey(Registration, models.PROTECT, related_name="actions")
    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    on = models.DateField(_("on"))

    class Meta:
        verbose_name = _("help given")
        verbose_name_plural = _("help given")
        ordering = ["registration_id", "on"]

    def __str__(self) -> str:
        return self.get_kind_display()


class JobMatch(Kept):
    """A post offered to a person (岗位对接). To decline it is a valid answer, and the person was served."""

    class Outcome(models.TextChoices):
        OFFERED = "offered", _("offered")
        INTERVIEWED = "interviewed", _("interviewed")
        HIRED = "hired", _("hired")
        DECLINED = "declined", _("declined by the person")
        UNSUITABLE = "not_suitable", _("the post did not suit")

    person = models.ForeignKey(Person, models.PROTECT, related_name="matches", verbose_name=_("person"))
    post = models.ForeignKey(
        Post, models.PROTECT, null=True, blank=True, related_name="matches", verbose_name=_("post")
    )
    employer = models.CharField(_("employer"), max_length=80, blank=True)
    title = models.CharField(pgettext_lazy("work", "post"), max_length=60, blank=True)
    on = models.DateField(_("on"))
    outcome = models.CharField(_("outcome"), max_length=12, choices=Outcome, default=Outcome.OFFERED)

    class Meta:
        verbose_name = _("post offered")
        verbose_name_plural = _("posts offered")
        ordering = ["person_id", "on", "id"]

    def __str__(self) -> str:
        return f"{self.person} {self.title}"


class Visit(Kept):
    """The yearly visit to somebody in work (回访): a service, which may be declined."""

    class Method(models.TextChoices):
        HOME = "home", _("at home")
        WORK = "work", _("at work")
        PHONE = "phone", _("by phone")

    class Outcome(models.TextChoices):
        DONE = "done", _("done")
        DECLINED = "declined", _("declined")
        NOT_FOUND = "not_found", _("not found")

    person = models.ForeignKey(Person, models.PROTECT, related_name="visits", verbose_name=_("person"))
    on = models.DateField(_("on"))
    method = models.CharField(_("how"), max_length=5, choices=Method, blank=True)
    visitor = models.CharField(pgettext_lazy("ledger", "by"), max_length=60, blank=True)
    outcome = models.CharField(_("outcome"), max_length=9, choices=Outcome)
    still_employed = models.BooleanField(_("still in work"), null=True, blank=True)
    needs = models.CharField(_("what they need"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("visit")
        verbose_name_plural = _("visits")
        ordering = ["person_id", "on", "id"]

    def __str__(self) -> str:
        return f"{self.person} {self.on}"
