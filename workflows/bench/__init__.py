"""Measurements of the engine and its pages in a database that is thrown away. Nothing here runs in use."""
