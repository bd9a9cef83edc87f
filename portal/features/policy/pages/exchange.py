"""The policy as files, out and in; and a policy of another Casbin model, read and tried but never in force (PO-7)."""

from typing import Any, Final

from litestar import Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.plugins.htmx import HTMXRequest

from portal.core import audit, clock, db
from portal.core.i18n import _, _l
from portal.features.policy import drafts, queries, simulator
from portal.features.policy.chosen import Chosen, chosen, is_reference, offered
from portal.features.policy.exchange import Fault, faults, is_foreign, posted_text
from portal.features.policy.foreign_case import Verdict, judge
from portal.web.forms import Form, read
from portal.web.permission import Needs
from portal.web.respond import download, go, page
from portal.web.uploads import BadFile
from rbac.bundle import LINES, MODEL, model_text, pack
from rbac.foreign import MAX_MODEL, MAX_POLICY, MAX_VALUE, Foreign, ForeignError, read_foreign
from rbac.foreign_words import effect_words, field_words, line_words, matcher_words, problem_words
from rbac.lines import written
from rbac.permissions import Permission
from rbac.policy import Policy
from rbac.reading import PolicyError

EXPORT: Final = Needs(Permission.POLICY_EXPORT)
IMPORT: Final = Needs(Permission.POLICY_IMPORT)

LONGEST_PASTED: Final = 15_000  # with its line ends it passes through a form's field
ARCHIVE: Final = "policy.zip"
MEDIA: Final = {
    ARCHIVE: "application/zip",
    MODEL: "text/plain; charset=utf-8",
    LINES: "text/csv; charset=utf-8",
}
MESSAGES: Final = {
    "file-large": _l("The file is too large."),
    "file-encoding": _l("The file is not a text in UTF-8."),
    "file-archive": _l("The archive holds no policy.csv that can be read."),
    "nothing-given": _l("Choose a file, or paste the lines."),
    "lines-wrong": _l("These lines cannot be trusted; each fault is marked below."),
    "another-model": _l(
        "This is a policy of another Casbin model. It can be read and tried on the page for those."
    ),
    "in-force-already": _l("This policy is in force already; there is nothing to change."),
    "not-read": _l("This is not read; the reasons stand below."),
    "value-long": _l("This text is too long."),
}


@get("/policy/export", guards=[EXPORT], name="policy.export")
async def show_export(request: HTMXRequest) -> Response[bytes]:
    by = await _asked(request)
    return page(
        request,
        "policy/export.html",
        by=by,
        policies=await offered(),
        numbers={
            "rules": len(by.compiled.policy.rules),
            "grants": len(by.compiled.policy.grants) + len(by.compiled.policy.inclusions),
            "reports": len(by.compiled.policy.reports),
        },
    )


@get("/policy/export/{name:str}", guards=[EXPORT], name="policy.export_file")
async def export_file(request: HTMXRequest, name: FromPath[str]) -> Response[bytes]:
    """Model, lines or both; importing the lines again gives an equal policy."""
    if name not in MEDIA:
        raise NotFoundException
    by = await _asked(request)
    lines = by.compiled.policy.text
    body = pack(lines) if name == ARCHIVE else (model_text() if name == MODEL else lines).encode()
    async with db.transaction():
        audit.record(Permission.POLICY_EXPORT, "policy", by.reference or f"v{by.number}", file=name)
    stem, _dot, suffix = name.partition(".")
    called = name if name == MODEL else f"{stem}-{by.reference or f'v{by.number}'}.{suffix}"
    return download(body, called, MEDIA[name])


async def _asked(request: HTMXRequest) -> Chosen:
    reference = request.query_params.get("policy", "")
    found = await chosen(reference) if is_reference(reference) else None
    if found is None:
        raise NotFoundException
    return found


@get("/policy/import", guards=[IMPORT], name="policy.import")
async def show_import(request: HTMXRequest) -> Response[bytes]:
    return await _import_page(request, Form({}, MESSAGES))


@post("/policy/import", guards=[IMPORT], name="policy.import_draft", status_code=200)
async def import_draft(request: HTMXRequest) -> Response[Any]:
    """Lines of ours become a draft, to be looked at and released like any other; nothing is in force by this."""
    form = Form(await read(request), MESSAGES)
    key = form.key("lines")
    title = form.text("title", required=False, longest=100)
    text = await _text(request, form, "file", "lines")
    if form.errors or key is None:
        return await _import_page(request, form)
    if is_foreign(text):
        form.error("lines", "another-model")
        return await _import_page(request, form)
    try:
        parsed = Policy.parse(text)
    except PolicyError as error:
        form.error("lines", "lines-wrong")
        return await _import_page(
            request, form, found=faults(text, error), more=len(error.problems)
        )
    newest = await queries.newest()
    if newest is not None and newest.lines == parsed.text:
        form.error("lines", "in-force-already")
        return await _import_page(request, form)
    title = title or _("Imported on %(day)s", day=clock.today().isoformat())
    async with db.transaction():
        draft = await drafts.start(title, kind="import", lines=parsed.text, key=key)
        audit.record(Permission.POLICY_IMPORT, "policy_draft", draft, lines=len(parsed.lines))
    return go(request, f"/policy/drafts/{draft}/review")


async def _text(request: HTMXRequest, form: Form, file: str, field: str) -> str:
    """What was uploaded, else what was pasted."""
    try:
        text = await posted_text(request, file)
    except BadFile as error:
        form.error(field, str(error.args[0]))
        return ""
    text = form.values.get(field, "") if text is None else text
    if not text.strip():
        form.error(field, "nothing-given")
    return text.replace("\r\n", "\n")


async def _import_page(
    request: HTMXRequest, form: Form, *, found: list[Fault] | None = None, more: int = 0
) -> Response[bytes]:
    return page(
        request,
        "policy/import.html",
        form=form,
        faults=found or [],
        more=more,
        longest=LONGEST_PASTED,
    )


@get("/policy/foreign", guards=[IMPORT], name="policy.foreign")
async def show_foreign(request: HTMXRequest) -> Response[bytes]:
    return await _foreign_page(request, Form({}, MESSAGES))


@post("/policy/foreign", guards=[IMPORT], name="policy.foreign_read", status_code=200)
async def read_another(request: HTMXRequest) -> Response[bytes]:
    """Read it and, when a request is given, judge that by stock Casbin. Nothing of it is kept."""
    form = Form(await read(request), MESSAGES)
    texts: list[str] = []
    for file, field in (("model_file", "model"), ("policy_file", "policy")):
        text = await _text(request, form, file, field)
        form.values[field] = text if len(text) <= MAX_POLICY else ""
        texts.append(text)
    if form.errors:
        return await _foreign_page(request, form)
    try:
        foreign = read_foreign(*texts)
    except ForeignError as error:
        lang = simulator.spoken()
        for file in {problem.file for problem in error.problems}:
            form.error(file, "not-read")
        reasons = [
            (each.file, each.line, problem_words(each, lang)) for each in error.problems[:50]
        ]
        return await _foreign_page(request, form, reasons=reasons)
    asked = tuple(
        form.text(f"r-{name}", required=False, longest=MAX_VALUE) for name in foreign.request
    )
    verdict = await judge(foreign, asked) if any(asked) and not form.errors else None
    return await _foreign_page(request, form, foreign=foreign, verdict=verdict)


async def _foreign_page(
    request: HTMXRequest,
    form: Form,
    *,
    foreign: Foreign | None = None,
    verdict: Verdict | None = None,
    reasons: list[tuple[str, int, str]] | None = None,
) -> Response[bytes]:
    return page(
        request,
        "policy/foreign.html",
        form=form,
        reasons=reasons or [],
        read=_reading(foreign, verdict) if foreign else None,
        longest_model=MAX_MODEL,
        longest_policy=MAX_POLICY,
    )


def _reading(foreign: Foreign, verdict: Verdict | None) -> dict[str, Any]:
    """A foreign policy in words: its parts, its lines, and what a request came to."""
    lang = simulator.spoken()
    deciding = ("p", *verdict.rule) if verdict and verdict.rule else None
    return {
        "request": [
            (f"r-{name}", field_words(name, lang), foreign.values(name)) for name in foreign.request
        ],
        "effect": effect_words(foreign, lang),
        "matcher": matcher_words(foreign, lang),
        "matcher_text": foreign.matcher,
        "rules": [
            (line.number, line_words(foreign, line.tokens, lang), written(line.tokens))
            for line in foreign.rules
        ],
        "links": [
            (line.number, line_words(foreign, line.tokens, lang), written(line.tokens))
            for line in foreign.links
        ],
        "verdict": verdict,
        "deciding": (line_words(foreign, deciding, lang), written(deciding)) if deciding else None,
    }


ROUTES: Final = (
    show_export,
    export_file,
    show_import,
    import_draft,
    show_foreign,
    read_another,
)
