"""Shanmen (山门): visitors book timed entry; the department behind the gate does its governed work.

Read downwards: ``app`` and ``cli`` compose, ``features`` hold the slices, ``web`` knows HTTP but no
feature, ``core`` knows neither. Each layer imports the ones below it, never one above.
"""

import os

# Piccolo finds its engine and its apps by this name, whoever imports a table first.
os.environ.setdefault("PICCOLO_CONF", "portal.piccolo_conf")
