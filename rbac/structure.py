"""Roles that include roles and lines that lead upward: neither may run in a circle or too far."""

from collections.abc import Iterable, Mapping

# Stock Casbin follows ten levels and then silently says no; a policy that needs more is refused.
MAX_STEPS = 9

Edges = Mapping[str, Iterable[str]]


class Malformed(ValueError):
    """``code`` is ``circle`` or ``too-many-steps``; ``chain`` names who stands in it."""

    def __init__(self, code: str, chain: tuple[str, ...]) -> None:
        super().__init__(f"{code}: {' > '.join(chain)}")
        self.code = code
        self.chain = chain


def check_upward(edges: Edges, limit: int = MAX_STEPS) -> None:
    """Raise Malformed when a chain closes on itself or is longer than ``limit`` steps.

    Depth first without recursion: a forged line must not be able to exhaust the stack.
    """
    if _is_shallow(edges, limit):
        return
    height: dict[str, int] = {}
    for start in edges:  # pragma: no branch  something is wrong, so it ends with a raise
        if start in height:
            continue
        path = [start]
        on_path = {start}
        pending = [iter(edges[start])]
        while path:
            name = path[-1]
            following = next(pending[-1], None)
            if following is None:
                height[name] = 1 + max((height[up] for up in edges.get(name, ())), default=-1)
                if height[name] > limit:
                    raise Malformed("too-many-steps", (*path, *_chain(name, edges, height)))
                on_path.discard(path.pop())
                pending.pop()
            elif following in on_path:
                raise Malformed("circle", (*path[path.index(following) :], following))
            elif following not in height:
                path.append(following)
                on_path.add(following)
                pending.append(iter(edges.get(following, ())))


def _is_shallow(edges: Edges, limit: int) -> bool:
    """Take away, step by step from the top, whoever has nobody left above: quick where all is well."""
    left = set(edges)
    for _ in range(limit):
        left = {name for name in left if not left.isdisjoint(edges[name])}
        if not left:
            return True
    return not left


def _chain(name: str, edges: Edges, height: Mapping[str, int]) -> list[str]:
    chain = []
    while height[name]:
        name = max(edges[name], key=lambda up: height[up])
        chain.append(name)
    return chain
