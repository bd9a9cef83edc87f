"""The policy slice as the composition sees it."""

from portal.features.policy import service
from portal.web.slices import Slice

SLICE = Slice("policy", listeners={service.CHANNEL: service.load}, start=service.load)
