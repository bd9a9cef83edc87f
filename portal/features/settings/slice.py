"""The settings slice as the composition sees it."""

from portal.web.slices import Slice

SLICE = Slice("settings")
