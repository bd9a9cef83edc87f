"""``portal charter``: what the regulation demands, with the tests that prove each demand and the pages that serve it.

Tests name what they prove by ``@pytest.mark.charter("BK-4")``; the modules of pages name in their docstring
what they are for.
"""

import ast
import importlib
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import rich_click as click

ROOT: Final = Path(__file__).parents[2]

TITLES: Final[Mapping[str, str]] = {
    "BK-1": "Catalogue: products, attractions, opening hours, closures",
    "BK-2": "Time slots, capacity, maxima, allotments, booking window",
    "BK-3": "A party books on one short page, without an account or a script",
    "BK-4": "Nothing is oversold, no retry books twice",
    "BK-5": "Holds that run out; payment through an adapter",
    "BK-6": "The ticket: signed code, print, PDF, calendar",
    "BK-7": "Move, cancel, refund by published rules; blocks, appeal, reminder",
    "BK-8": "Waiting list: parties as units, in order of request",
    "BK-9": "Group bookings by agencies",
    "BK-10": "Window sale from the same inventory",
    "BK-11": "Closure: stop sale, tell all holders, refund or rebook, nobody twice",
    "BK-12": "Success and failure rate measured from real attempts",
    "BK-13": "Release rush: a waiting room with a fair order",
    "BK-14": "Demand forecast; one inventory over all channels",
    "BK-15": "Needs and campaigns handed in by marketing",
    "GT-1": "Check in by code, document or order",
    "GT-2": "The gate without a network",
    "GT-3": "Live occupancy, entry stopped",
    "AP-1": "Approval tiers by amount",
    "AP-2": "System procurement with three signatures in order",
    "AP-3": "Nobody decides on their own request; deputies",
    "AP-4": "Emergency repair, approval afterwards",
    "AP-5": "The predicted chain; signatures bound to content; split purchases",
    "AP-6": "Add a signer, hand over, return, nudge",
    "AP-7": "Inbox, batch decisions, history, search",
    "AP-8": "Budget lines and the monthly execution report",
    "PJ-1": "Kickoff before procurement",
    "PJ-2": "Quarterly mid-term review",
    "PJ-3": "Acceptance names each missing piece",
    "PJ-4": "Suppliers and non-disclosure agreements",
    "PJ-5": "On-time delivery measured",
    "AR-1": "Contracts that only the director opens",
    "AR-2": "Minutes complete and archived monthly",
    "AR-3": "Three monthly reports from live data",
    "AR-4": "Backups restored and compared",
    "AR-5": "Titles, terms, previews and backups encrypted too",
    "AR-6": "Search, versions, retention, hold, integrity",
    "IN-1": "Monitoring around the clock",
    "IN-2": "Response within 15 minutes, escalation",
    "IN-3": "Repair deadline by severity",
    "IN-4": "Emergency plans and drills",
    "IN-5": "Availability and failure rate",
    "IN-6": "On-call roster, hand-over, swaps",
    "IN-7": "Banner, emergency approval, clocks from events",
    "WK-1": "Work log in two taps and a sentence",
    "WK-2": "Tasks",
    "WK-3": "Superiors read, direct superiors confirm",
    "RK-1": "Risk ledger",
    "RK-2": "Risks bound to live indicators",
    "RK-3": "Quarterly internal audit",
    "RK-4": "Compliance training",
    "RK-5": "Breach cases with restricted readers",
    "RK-6": "Personal data: encrypted, masked, exported, deleted in time",
    "MT-1": "Weekly and quarterly meetings",
    "MT-2": "Resolutions owned within 24 hours",
    "PF-1": "Measures computed from data",
    "PF-2": "Self-assessment and superiors' assessment",
    "PF-3": "Result bands and improvement plans",
    "PF-4": "Rewards and excellent employees",
    "PE-1": "Organisation chart with solid and dual lines",
    "PE-2": "Recruiting",
    "PE-3": "Promotion and rotation",
    "PE-4": "Duties of each post",
    "NT-1": "Notices, WeCom, telephone chain",
    "NT-2": "Liaisons and joint projects",
    "DS-1": "Disputes",
    "DS-2": "Feedback box",
    "SV-1": "Anonymous survey",
    "SV-2": "Improvement backlog",
    "SV-3": "The regulation's versions",
    "SV-4": "Visitor satisfaction",
    "PO-1": "Every page and act asks Casbin",
    "PO-2": "Policy editor",
    "PO-3": "Simulator",
    "PO-4": "Draft, blast radius, release by a second person",
    "PO-5": "Replay against the trail",
    "PO-6": "A refusal says what is missing and whom to ask",
    "PO-7": "Import and export",
    "AU-1": "Audit trail: append-only, chained, verified",
}

_ID: Final = re.compile(r"\b[A-Z]{2}-\d{1,2}\b")
_RANGE: Final = re.compile(r"\b([A-Z]{2})-(\d{1,2})(?:…| to )(?:[A-Z]{2}-)?(\d{1,2})\b")


@click.command()
@click.option("--missing", is_flag=True, help="Only what no test proves; exit 1 when there is any.")
def charter(*, missing: bool) -> None:
    """List each demand with its tests and pages."""
    tests, pages = proofs(), served()
    for identifier, title in TITLES.items():
        proving = tests.get(identifier, [])
        if missing and proving:
            continue
        click.echo(f"{identifier:6} {title}")
        for name in () if missing else proving:
            click.echo(f"         test  {name}")
        for name in () if missing else pages.get(identifier, []):
            click.echo(f"         page  {name}")
    if missing and any(identifier not in tests for identifier in TITLES):
        sys.exit(1)


def proofs() -> dict[str, list[str]]:
    """The tests by what they prove, as ``tests/core/test_audit.py::test_x``."""
    found: dict[str, list[str]] = defaultdict(list)
    for folder in ("tests", "e2e"):
        for path in sorted((ROOT / folder).rglob("test_*.py")):
            for name, identifier in _marked(ast.parse(path.read_text("utf-8"))):
                found[identifier].append(f"{path.relative_to(ROOT).as_posix()}::{name}")
    return found


def _marked(tree: ast.Module) -> Iterator[tuple[str, str]]:
    whole = [
        mark for node in tree.body if isinstance(node, ast.Assign) for mark in _marks(node.value)
    ]
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            own = [mark for decorator in node.decorator_list for mark in _marks(decorator)]
            for mark in dict.fromkeys(own + (whole if node.name.startswith("test_") else [])):
                yield node.name, mark


def _marks(expression: ast.expr) -> Iterator[str]:
    """The arguments of each ``pytest.mark.charter(…)`` in an expression."""
    for node in ast.walk(expression):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "charter":
            yield from (str(arg.value) for arg in node.args if isinstance(arg, ast.Constant))


def served() -> dict[str, list[str]]:
    """The routes by what their module says it is for."""
    registry: Any = importlib.import_module("portal.registry")
    found: dict[str, list[str]] = defaultdict(list)
    for piece in registry.SLICES:
        for route in piece.routes:
            module = importlib.import_module(route.fn.__module__)
            methods = "/".join(sorted(route.http_methods - {"HEAD", "OPTIONS"}))
            for identifier in identifiers(f"{module.__doc__} {route.fn.__doc__}"):
                found[identifier] += [f"{methods} {path}" for path in sorted(route.paths)]
    return found


def identifiers(text: str) -> list[str]:
    """``BK-5 to BK-7`` and ``BK-1, BK-2`` as the identifiers they mean."""
    found = _ID.findall(text)
    for area, first, last in _RANGE.findall(text):
        found += [f"{area}-{number}" for number in range(int(first), int(last) + 1)]
    return [identifier for identifier in dict.fromkeys(found) if identifier in TITLES]
