"""Site settings: every X of the regulation with its default, changed by whom the policy allows, on the trail."""
