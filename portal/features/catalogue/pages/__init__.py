"""The catalogue's staff pages: what is sold, to whom, when, for how much, to how many (BK-1, BK-2)."""
