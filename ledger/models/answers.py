"""What people were asked and what they said: surveys, the state of every item, and statements nobody can change."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from bureaus.models import User
from ledger.models.base import Kept
from ledger.models.households import Household, Person


class NoticeText(models.Model):
    """What a person is told before anything is asked: what is kept, what for, who sees it, how to object.

    Notice is due whatever the legal basis (个人信息保护法 17, 35). A text once used is never changed.
    """

    number = models.PositiveIntegerField(_("edition"), unique=True)
    text = models.TextField(_("text"))
    valid_from = models.DateField(_("valid from"))
    by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", verbose_name=pgettext_lazy("ledger", "by")
    )
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("notice to the persons of the ledger")
        verbose_name_plural = _("notices to the persons of the ledger")
        ordering = ["-number"]

    def __str__(self) -> str:
        return str(self.number)


class Survey(Kept):
    """One round of asking a household (调查一户、登记一户)."""

    class Result(models.TextChoices):
        COMPLETE = "complete", pgettext_lazy("ledger", "complete")
        PARTIAL = "partial", _("in part")
        NOT_HOME = "not_home", _("nobody at home")
        DECLINED = "declined", _("declined")

    class Informant(models.TextChoices):
        SELF = "self", _("themselves")
        GUARDIAN = "guardian", _("guardian")
        MEMBER = "household_member", _("a member of the household")

    household = models.ForeignKey(Household, models.PROTECT, related_name="surveys", verbose_name=_("household"))
    round = models.PositiveSmallIntegerField(_("round"), default=1)
    on = models.DateField(_("on"))
    result = models.CharField(_("result"), max_length=8, choices=Result)
    surveyor = models.CharField(pgettext_lazy("ledger", "asked by"), max_length=60, blank=True)
    informant = models.CharField(_("answered by"), max_length=16, choices=Informant, blank=True)
    notice = models.ForeignKey(
        NoticeText, models.PROTECT, null=True, blank=True, related_name="surveys", verbose_name=_("notice read out")
    )

    class Meta:
        verbose_name = _("survey")
        verbose_name_plural = _("surveys")
        ordering = ["household_id", "on", "id"]

    def __str__(self) -> str:
        return f"{self.household} {self.on}"


class Item(models.TextChoices):
    """What the plan wants asked (四（一）): eleven of everybody, five of who works, four of who does not."""

    NAME = "name", pgettext_lazy("person", "name")
    SEX = "sex", _("sex")
    BIRTH_DATE = "birth_date", _("date of birth")
    ID_NUMBER = "id_number", _("resident ID number")
    EDUCATION = "education", _("education")
    SKILLS = "skills", _("skills")
    HEALTH = "health", _("health")
    PHONE = "phone", _("phone")
    AGREEMENT_INDUSTRY = "agreement_industry", _("agreement on industry")
    AGREEMENT_EMPLOYMENT = "agreement_employment", _("agreement on employment and business")
    AGREEMENT_TRAINING = "agreement_training", _("agreement on training")
    PLACE = "place", _("place of work")
    TRADE = "trade", _("trade")
    PAY = "pay", _("pay")
    BUSINESS_PROJECT = "business_project", _("business project")
    JOBS_CREATED = "jobs_created", _("jobs brought")
    WISH_WORK = "wish_work", _("wish for work or business")
    WISH_EXPORT = "wish_export", _("wish to work away from home")
    NEED_TRAINING = "need_training", _("training wanted")
    NEED_SERVICE = "need_service", _("service needed")


class ItemState(Kept):
    """How an item without a value stands: to decline is an answer, and is counted as one."""

    class State(models.TextChoices):
        ANSWERED = "answered", pgettext_lazy("ledger", "answered")
        DECLINED = "declined", _("declined to say")
        NOT_APPLICABLE = "not_applicable", _("not applicable")
        UNKNOWN = "unknown", _("not known")

    person = models.ForeignKey(Person, models.PROTECT, related_name="item_states", verbose_name=_("person"))
    item = models.CharField(_("item"), max_length=20, choices=Item)
    state = models.CharField(_("state"), max_length=14, choices=State)

    class Meta:
        verbose_name = _("state of an item")
        verbose_name_plural = _("states of items")
        constraints = [models.UniqueConstraint(fields=["person", "item"], name="item_state_once")]

    def __str__(self) -> str:
        return f"{self.person} {self.get_item_display()}"


class Agreement(Kept):
    """An agreement on follow-up support, signed or offered and declined."""

    class Kind(models.TextChoices):
        INDUSTRY = "industry", _("agreement on industry")
        EMPLOYMENT = "employment", _("agreement on employment and business")
        TRAINING = "training", _("agreement on training")

    class Outcome(models.TextChoices):
        SIGNED = "signed", _("signed")
        DECLINED = "declined", _("declined")
        NONE = "none", _("none")

    person = models.ForeignKey(Person, models.PROTECT, related_name="agreements", verbose_name=_("person"))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    outcome = models.CharField(_("outcome"), max_length=8, choices=Outcome)
    on = models.DateField(_("on"), null=True, blank=True)
    reference = models.CharField(_("number"), max_length=40, blank=True)

    class Meta:
        verbose_name = _("agreement")
        verbose_name_plural = _("agreements")
        ordering = ["person_id", "kind"]
        constraints = [models.UniqueConstraint(fields=["person", "kind"], name="agreement_once")]

    def __str__(self) -> str:
        return f"{self.person} {self.get_kind_display()}"


class Statement(models.Model):
    """What a person said of a wish of theirs, freely. Said is said: a later statement stands beside it.

    Nobody under sixteen is asked. Not asked is the absence of a statement; the latest on or before a day counts.
    """

    class Kind(models.TextChoices):
        JOB = "job", pgettext_lazy("ledger", "work")
        EXPORT = "labour_export", _("work away from home")
        TRAINING = "training", _("training")
        BUSINESS = "entrepreneurship", _("a business of their own")
        MID_TERM = "mid_term_training", _("the one-year course")
        JOB_CHANGE = "job_change", _("another post")
        VISIT = "visit", _("being visited")
        ADAPTATION = "adaptation", _("lessons on the new place")

    class Answer(models.TextChoices):
        YES = "yes", _("yes")
        NO = "no", _("no")
        UNDECIDED = "undecided", _("undecided")

    person = models.ForeignKey(Person, models.PROTECT, related_name="statements", verbose_name=_("person"))
    kind = models.CharField(_("about"), max_length=18, choices=Kind)
    answer = models.CharField(pgettext_lazy("ledger", "answer"), max_length=9, choices=Answer)
    stated_on = models.DateField(_("said on"))
    stated_by = models.CharField(_("said by"), max_length=16, choices=Survey.Informant, default=Survey.Informant.SELF)
    wants = models.CharField(_("what they wish for"), max_length=100, blank=True)
    at_own_wish = models.BooleanField(_("they came by themselves"), default=False)
    recorded_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("recorded by")
    )
    recorded_at = models.DateTimeField(_("recorded at"))
    batch = models.ForeignKey("ledger.ImportBatch", models.PROTECT, null=True, blank=True, related_name="+")
    # Taken back with the workbook it came from: it was never said.
    withdrawn_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("statement")
        verbose_name_plural = _("statements")
        ordering = ["person_id", "stated_on", "id"]
        indexes = [models.Index(fields=["person", "kind", "stated_on"], name="statement_latest")]

    def __str__(self) -> str:
        return f"{self.person} {self.get_kind_display()} {self.get_answer_display()}"


class StatementCheck(models.Model):
    """A second officer asks: was this your answer? What comes out is about the recording office alone."""

    class Outcome(models.TextChoices):
        CONFIRMED = "confirmed", _("confirmed")
        DIFFERENT = "different", _("they said something else")
        NOT_REACHED = "not_reached", pgettext_lazy("answers", "not reached")

    statement = models.ForeignKey(Statement, models.PROTECT, related_name="checks", verbose_name=_("statement"))
    drawn_at = models.DateTimeField(_("drawn at"))
    asked_on = models.DateField(pgettext_lazy("ledger", "asked on"), null=True, blank=True)
    by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=pgettext_lazy("ledger", "by")
    )
    outcome = models.CharField(_("outcome"), max_length=11, choices=Outcome, blank=True)

    class Meta:
        verbose_name = _("confirmation of a statement")
        verbose_name_plural = _("confirmations of statements")
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["statement"], name="statement_checked_once")]

    def __str__(self) -> str:
        return str(self.statement)
