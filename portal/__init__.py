"""Shanmen (山门): visitors book timed entry; the department behind the gate does its governed work.

Read downwards: ``app`` and ``cli`` compose, ``features`` hold the slices, ``web`` knows HTTP but no
feature, ``core`` knows neither. Each layer imports the ones below it, never one above.
"""
