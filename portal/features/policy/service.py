"""Put a policy in force: in the database, then in every process."""

from portal.core import audit, clock, db
from portal.core.context import current_act
from portal.core.notify import notify
from portal.features.policy import holders
from portal.web.permission import policy
from rbac.compiled import CompiledPolicy
from rbac.policy import Policy, shipped_policy
from rbac.reading import PolicyError

CHANNEL = "policy"


async def lock() -> None:
    """Let one release at a time go on, until the transaction ends; readers are not held up."""
    await db.execute("LOCK policy_version IN SHARE ROW EXCLUSIVE MODE")


async def release(lines: str, reason: str, *, drafted_by: str = "", **detail: object) -> int:
    """Make these lines the newest version; returns its number. Raises ``PolicyError`` for lines that do not hold.

    Every process follows as soon as the transaction commits; this one before the caller goes on. ``detail`` goes
    onto the audit trail.
    """
    Policy.parse(lines)
    async with db.transaction() as opened:
        await lock()
        version = 1 + int(await db.fetchval("SELECT coalesce(max(version), 0) FROM policy_version"))
        await db.execute(
            "INSERT INTO policy_version (version, lines, reason, released_by, released_at, drafted_by) "
            "VALUES ($1, $2, $3, $4, $5, $6)",
            version,
            lines,
            reason,
            current_act().subject,
            clock.now(),
            drafted_by,
        )
        audit.record("policy:release", "policy", version, reason=reason, **detail)
        await notify(CHANNEL, str(version))
        opened.after_commit.append(load)
    return version


async def ensure_shipped(*, demo: bool) -> None:
    """Give a new database the policy that Shanmen comes with; an existing one keeps its own."""
    if await db.fetchval("SELECT EXISTS (SELECT FROM policy_version)"):
        return
    await release(shipped_policy(demo=demo).text, "shipped with the portal")


async def load(_payload: str = "") -> None:
    """Take the newest version into this process, unless it is there already; then say that it is."""
    newest = await db.fetchval("SELECT max(version) FROM policy_version")
    if newest is None:
        return
    if newest != policy.version:
        lines = await db.fetchval("SELECT lines FROM policy_version WHERE version = $1", newest)
        try:
            compiled = CompiledPolicy(Policy.parse(lines))
        except PolicyError:
            policy.clear()  # a newer program released what this one cannot read: no old yes meanwhile
            raise
        policy.swap(newest, compiled)
    await holders.report(newest)
