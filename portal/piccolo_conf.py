"""Piccolo's configuration: the engine, and one Piccolo app for each slice that has tables."""

from piccolo.conf.apps import AppRegistry

from portal.core.db import engine
from portal.registry import PICCOLO_APPS

DB = engine()
APP_REGISTRY = AppRegistry(apps=list(PICCOLO_APPS))
