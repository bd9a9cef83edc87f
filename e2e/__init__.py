"""Journeys in a real browser against the real portal with its demo: ``pytest e2e``."""
