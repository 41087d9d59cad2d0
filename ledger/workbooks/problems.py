"""What can be wrong with a file, a sheet or a cell, and what cures it: one table of codes and words.

A problem is kept as its code and parameters and put into words when it is shown, in the reader's language. No parameter
ever holds the content of a personal column: `values.shown` masks it first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

ERROR, WARNING = "error", "warning"
Param = str | int


class Words(NamedTuple):
    message: Promise
    hint: Promise


class Refused(Exception):
    """The whole file cannot be taken. `code` is a key of `WORDS`; nothing of the file was kept."""

    def __init__(self, code: str, **params: Param) -> None:
        self.code, self.params = code, params
        super().__init__(code)

    def words(self) -> tuple[str, str]:
        return worded(self.code, self.params)

    def __str__(self) -> str:
        return " ".join(self.words())


class Described(Protocol):
    """A column, as far as words about it need it."""

    @property
    def header(self) -> str | Promise: ...
    @property
    def choices(self) -> tuple[tuple[str, str | Promise], ...]: ...


@dataclass(frozen=True, slots=True)
class Problem:
    """Something at one cell, row or sheet. An error keeps its row out; a warning only says what was understood."""

    code: str
    params: Mapping[str, Param] = field(default_factory=dict)
    severity: str = ERROR

    def words(self, column: Described | None = None) -> tuple[str, str]:
        return worded(self.code, self.params, column)


def worded(code: str, params: Mapping[str, Param], column: Described | None = None) -> tuple[str, str]:
    """What is wrong and what cures it, in the language of the page; `column` is the one it is about."""
    known: dict[str, Param] = {}
    if column is not None:
        known = {"header": str(column.header), "choices": "、".join(str(label) for _code, label in column.choices)}
    words = WORDS[code]
    return str(words.message) % {**known, **params}, str(words.hint) % {**known, **params}


_SAVE_ANEW = _("Open it in your spreadsheet program, copy the table into a new workbook and save that as .xlsx.")
_TEMPLATE = _("Download the template of your county and copy your rows into it.")
_PASTE = _("Select the cells, copy them, and paste them in the same place as values only.")

WORDS: dict[str, Words] = {
    # The file
    "too_large": Words(
        _("The file is larger than %(megabytes)s MB."),
        _("Remove pictures and sheets that do not belong to the ledger, or divide the rows between several files."),
    ),
    "empty_file": Words(_("The file is empty."), _("Save it again and upload the saved file.")),
    "not_a_workbook": Words(
        _("This is not an Excel workbook (.xlsx) and not a table in CSV format."),
        _("Changing the ending of a file's name does not change the file. Save it as .xlsx and upload that."),
    ),
    "old_format": Words(
        _("This is a workbook of the old kind (.xls)."), _("Save it as .xlsx and upload the new file.")
    ),
    "encrypted": Words(
        _("The workbook is protected by a password and cannot be opened."),
        _("Remove the password, save it and upload it again."),
    ),
    "damaged": Words(_("The file is damaged or was not uploaded whole."), _SAVE_ANEW),
    "lost": Words(
        _("The uploaded file can no longer be read on the server."),
        _("Upload the same file again; if it cannot be read again, tell the administrator of the system."),
    ),
    "bomb": Words(_("Unpacked, the file is far larger than a table of this kind can be."), _SAVE_ANEW),
    "too_many_parts": Words(_("The workbook has more parts than a table needs."), _SAVE_ANEW),
    "macros": Words(
        _("The workbook contains macros."),
        _("Save it as an ordinary workbook (.xlsx), not as one with macros, and upload that."),
    ),
    "external_links": Words(
        _("The workbook takes data from other files or from the network."),
        _("Break the links to other files, keep the values, save it and upload it again."),
    ),
    "entities": Words(_("The workbook contains definitions that no spreadsheet program writes."), _SAVE_ANEW),
    "too_many_rows": Words(
        _("A sheet has more than %(limit)s rows."), _("Divide the rows between several files and upload them in turn.")
    ),
    "far_cell": Words(
        _("The cell %(cell)s lies far outside the table."),
        _("Delete the rows and columns beyond the table (not only their content), save it and upload it again."),
    ),
    "text_too_long": Words(
        _("A cell holds more text than a spreadsheet can (cell %(cell)s)."), _("Shorten the text in this cell.")
    ),
    "wrong_encoding": Words(
        _("The letters of this CSV file cannot be read: it is neither UTF-8 nor GB 18030."),
        _("Save it as .xlsx, or as “CSV UTF-8”, and upload that."),
    ),
    "no_table": Words(_("No sheet of the file has the columns of the ledger."), _TEMPLATE),
    # A sheet
    "unknown_sheet": Words(
        _("The sheet “%(sheet)s” was not read: it is none of the template's."),
        _("If its rows belong to the ledger, copy them into the sheet of the template."),
    ),
    "unknown_column": Words(
        _("The column “%(header)s” is none of the template's and was not read."),
        _("If it is meant, give it the name that stands in the template."),
    ),
    "missing_column": Words(_("The column “%(header)s” is missing."), _TEMPLATE),
    "double_column": Words(
        _("Two columns (%(first)s and %(second)s) are both “%(header)s”."),
        _("Keep one of them and delete the other."),
    ),
    "merged": Words(
        _("The cells %(range)s are merged, so it cannot be told which rows their content belongs to."),
        _("Cancel the merging and fill in every row."),
    ),
    "sheet_broken": Words(
        _("This row was not looked at: something is wrong with its sheet or with merged cells."),
        _("Put that right first; it stands at the top of the list."),
    ),
    "template_of_another_county": Words(
        _("The template was issued for another county."), _("Download the template of your own county.")
    ),
    "older_template": Words(
        _("This is not the present edition of the template."), _("Download the template again for the next time.")
    ),
    # A cell
    "formula": Words(_("The cell holds a formula, not a value."), _PASTE),
    "cell_error": Words(_("The cell shows an error of the spreadsheet (%(value)s)."), _PASTE),
    "required": Words(_("“%(header)s” must not be empty."), _("Fill it in.")),
    "not_clearable": Words(_("“%(header)s” cannot be cleared."), _("Leave the cell empty to keep what is there.")),
    "no_state": Words(
        _("“%(value)s” is not an answer for “%(header)s”."), _("Fill in a value, or leave the cell empty.")
    ),
    "not_text": Words(_("The cell holds true or false, not a text."), _("Type the text again.")),
    "too_long": Words(_("The text is longer than %(limit)s characters."), _("Shorten it.")),
    "control_characters": Words(
        _("The text contains characters that cannot be seen."), _("Type it again instead of pasting it.")
    ),
    "not_a_date": Words(_("“%(value)s” is not a date."), _("Write it like 2019-07-31.")),
    "ambiguous_date": Words(
        _("It cannot be told which day “%(value)s” is."), _("Write the year with four digits, like 2019-07-31.")
    ),
    "incomplete_date": Words(_("“%(value)s” has no day."), _("Write the whole date, like 2019-07-31.")),
    "too_early": Words(_("The date %(value)s is before 1900."), _("Check the year.")),
    "future_date": Words(_("The date %(value)s has not come yet."), _("Check the year and the month.")),
    "date_from_number": Words(_("The number %(value)s was read as the date %(date)s."), _("Check that it is right.")),
    "id_is_number": Words(
        _("The ID number was entered as a number; the spreadsheet has lost its last digits."),
        _("Set the format of the column to text and enter the number again."),
    ),
    "id_invalid": Words(
        _("The ID number is not valid: its check digit does not agree with the other digits."),
        _("Compare it with the ID card, digit by digit."),
    ),
    "id_length": Words(
        _("An ID number has 18 characters; this one has %(length)s."), _("Compare it with the ID card.")
    ),
    "id_normalised": Words(
        _("The ID number was tidied: spaces, full-width digits or a small x."), _("Nothing needs to be done.")
    ),
    "phone_invalid": Words(
        _("This is not a telephone number: it has %(length)s digits."),
        _("A mobile number has 11 digits; write a fixed line with its area code, like 0901-6222222."),
    ),
    "not_whole": Words(_("“%(value)s” is not a whole number."), _("Write digits only, like 4.")),
    "not_money": Words(
        _("“%(value)s” is not an amount of money."), _("Write digits only, in yuan, like 2300 or 2300.50.")
    ),
    "out_of_range": Words(
        _("%(value)s is out of range: from %(least)s to %(most)s."), _("Check the number and its unit.")
    ),
    "not_yes_no": Words(_("“%(value)s” is neither yes nor no."), _("Choose from the list in the cell.")),
    "not_a_choice": Words(_("“%(value)s” is not one of: %(choices)s."), _("Choose from the list in the cell.")),
    # A row beside the file and the ledger
    "not_collected": Words(
        _("“%(word)s” is not collected here."), _("Leave it out; write only what the service needs.")
    ),
    "id_twice": Words(
        _("The same ID number stands in row %(row)s."), _("Keep the right row and correct or delete the other.")
    ),
    "row_twice": Words(_("An earlier row of this sheet says the same."), _("Keep one of them.")),
    "person_twice": Words(_("The same person code stands in row %(row)s."), _("Keep one row for each person.")),
    "unknown_person_code": Words(
        _("There is nobody with this person code."), _("For somebody new leave it empty: the system gives the code.")
    ),
    "unknown_person": Words(
        _("There is nobody with this ID number in the ledger or on the roster of this file."),
        _("Enter the person on the roster first."),
    ),
    "nobody_named": Words(
        _("It cannot be told whom this row is about."), _("Fill in the person code or the ID number.")
    ),
    "id_of_another": Words(
        _("The ID number belongs to somebody else than the person code."), _("Compare both with the ID card.")
    ),
    "other_county": Words(
        _("This person or household is in the ledger of another county."),
        _("Leave the row out. If they have moved here, ask that county for a transfer."),
    ),
    "not_active": Words(
        _("This person has moved away, has died, or was entered twice."),
        _("Leave the row out; if that is wrong, have it corrected on the person's page."),
    ),
    "household_closed": Words(
        _("This household has left the ledger or was merged into another."), _("Check the household code.")
    ),
    "unknown_household": Words(
        _("There is no household with this code."), _("Enter the household on the roster first.")
    ),
    "other_household": Words(
        _("This person belongs to another household."),
        _("Moving somebody to another household is proposed on the person's page, with a reason."),
    ),
    "household_differs": Words(
        _("An earlier row says something else about this household."),
        _("Make what belongs to the household the same in all of its rows."),
    ),
    "unknown_site": Words(
        _("The county has no site of this name."), _("Write the name as the roster of sites has it.")
    ),
    "scattered_at_site": Words(_("A scattered household lives at no site."), _("Correct one of the two.")),
    "two_heads": Words(
        _("Row %(row)s names another head of this household."), _("A household has one head; correct one of the rows.")
    ),
    "has_head": Words(_("This household has a head already."), _("Correct the relation.")),
    "id_disagrees": Words(
        _("“%(header)s” does not agree with the ID number."), _("Compare both with the ID card; one is wrong.")
    ),
    "identity_fixed": Words(
        _("“%(header)s” is entered already and differs."),
        _("Who somebody is, is corrected by a proposal on the person's page; leave the cell as it was."),
    ),
    "informant_missing": Words(_("It is not said who answered the survey."), _("Fill in “%(header)s”.")),
    "probable_double": Words(
        _("Somebody of this name and date of birth is entered already."),
        _("Fill in the ID number; or confirm, row by row, that this is somebody else."),
    ),
    "changed_meanwhile": Words(
        _("The row was written on edition %(said)s; here it is edition %(now)s by now."),
        _("Take a fresh export and make the change there, or leave the row out."),
    ),
    "no_edition": Words(
        _("The row would overwrite what is here and does not say which edition it was written on."),
        _("Take an export, make the change there and upload that; empty cells here can be filled without it."),
    ),
    "unknown_edition": Words(
        _("There has never been such an edition of this entry."), _("Do not change the column of the edition.")
    ),
    "too_young": Words(
        _("The person was under sixteen on that day, or the date of birth is not known."),
        _("Nobody under sixteen is asked, trained or offered work. Check both dates."),
    ),
    "before_birth": Words(_("This is before the person was born."), _("Check both days.")),
    "asked_again": Words(
        _("They were asked less than %(days)s days before."),
        _("Do not ask again so soon; if they came by themselves, say so in the column for it."),
    ),
    "said_already": Words(
        _("Another answer to the same question is entered for that day."),
        _("What was said is not changed. Enter the later answer with its own day."),
    ),
    "ends_before": Words(_("It ends before it begins."), _("Check both days.")),
    "pay_period_missing": Words(_("It is not said what the pay is for."), _("Choose a month, a year or a day.")),
    "other_main_work": Words(_("The person has other main work at that time."), _("Enter when the other work ended.")),
    "day_missing": Words(_("At least one day is needed."), _("Fill in the day it was offered, begun or completed.")),
    "completed_on_missing": Words(_("It is not said when the course was completed."), _("Fill in the day.")),
    "course_kind_missing": Words(
        _("This course is not known yet, and its kind is missing."), _("Choose the kind of the course.")
    ),
    "free_course_fee": Words(
        _("The course is free, but the person is said to have paid."), _("Correct the fee or the course.")
    ),
    "unknown_unit": Words(
        _("No unit of this name is known; it was left out."), _("Write the unit's name as the plan has it.")
    ),
    "right_of_whom": Words(
        _("Insurance is checked for a person, every other right for the household."),
        _("Fill in the person code or ID number for insurance, else the household code."),
    ),
    "finding_missing": Words(
        _("The right applies, but it is not said what was found and when."), _("Fill in the finding and the day.")
    ),
    "nothing_to_resolve": Words(
        _("Only what had lapsed or not been received is put right."), _("Correct the finding or the day.")
    ),
    "certificate_in_half": Words(_("A certificate has a number and a day."), _("Fill in both.")),
    "blocked_reason_missing": Words(
        _("It is not said why the home cannot be registered yet."), _("Fill in the reason.")
    ),
    "visitor_missing": Words(_("It is not said who visited."), _("Fill in “%(header)s”.")),
}
