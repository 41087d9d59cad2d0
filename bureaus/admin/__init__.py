"""The administrator's pages for bodies, people with their posts, and calendars.

Who may enter is asked once, by the site (`config.admin`); whoever may enter may do what a page offers.
"""

from bureaus.admin import absences, bodies, calendar_links, calendars, people  # noqa: F401  (each registers its pages)
