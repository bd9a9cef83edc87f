"""The slices, one folder each, in tiers: a slice imports lower tiers, never its own or a higher one."""
