"""Policy lines for Casbin, wherever they come from: a file, a table, a draft in memory."""

from collections.abc import Iterable, Sequence

from casbin.model import Model
from casbin.persist import Adapter

from rbac.lines import Tokens
from rbac.policy import Policy
from rbac.validity import in_force


class LinesAdapter(Adapter):  # type: ignore[misc]  # pycasbin is untyped
    """Loads any iterable of split lines. Read-only: policy is stored by releases, not by Casbin.

    It appends to the model directly, because Casbin's ``add_policy`` searches the whole list for
    duplicates each time; ``Policy`` has refused repeated lines before.
    """

    def __init__(self, lines: Iterable[Sequence[str]]) -> None:
        self._lines = lines

    def load_policy(self, model: Model) -> None:
        for kind, *fields in self._lines:
            model.model[kind[0]][kind].policy.append(fields)


def lines_in_force(policy: Policy, moment: float) -> list[Tokens]:
    """Return the policy's lines at an instant, those not in force left out."""
    return [
        *(rule.tokens for rule in policy.rules),
        *(inclusion.tokens for inclusion in policy.inclusions),
        *(grant.tokens for grant in policy.grants if in_force(grant, moment)),
        *(report.tokens for report in policy.reports if in_force(report, moment)),
    ]
