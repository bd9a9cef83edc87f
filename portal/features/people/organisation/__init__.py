"""The organisation (PE-1, PE-4): units, posts with their duties, who holds which, and the reporting lines.

The lines are the policy's own (``g2`` solid, ``g3`` dual): nothing here keeps them a second time. Tables of this
slice hold what the policy does not know: units, posts, duties, the headcount plan, and who holds which post since when.

Moving somebody is a proposal of HR. ``lines.py`` turns it into the lines that end and those that begin, ``checks.py``
says what speaks against it, ``effects.py`` what the people concerned gain and lose. It comes into force as a release of
the policy and in no other way: whoever releases policies takes part through ``service.follow``, since this slice
stands below theirs. The post follows the lines from the effective day; both carry that day, so nothing needs
to happen on it.
"""
