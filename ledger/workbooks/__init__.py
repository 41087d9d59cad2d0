"""Workbooks in and out: spreadsheets as people fill them in, without a database.

`preflight` refuses what is no honest workbook; `reading` finds the tables of the rest; `values` says what a cell means;
`columns` is the template as data; `writing` makes templates, exports and the list of errors; `problems` has the words.
"""
