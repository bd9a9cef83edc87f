"""Catalogue rules: pure functions and values; no database, clock or settings; codes, not words."""
