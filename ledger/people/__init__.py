"""Invented people for demonstrations and measurements: nobody who lives."""
