"""Booking rules: pure functions and values. No database, HTTP, clock or settings; codes, not words."""
