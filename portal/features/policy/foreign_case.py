"""Ask a foreign policy one request: stock Casbin in a process of its own, with limits of time and memory.

It is given the model as ``rbac/foreign.py`` understood it, no environment and no files to write; whatever a
pattern of the policy does to it, this process only waits, and not for long.
"""

import asyncio
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rbac import foreign_run
from rbac.foreign import Foreign
from rbac.lines import Tokens

PATIENCE: Final = 6  # seconds, its start included
AT_ONCE: Final = 2

_turns = asyncio.Semaphore(AT_ONCE)


@dataclass(frozen=True, slots=True)
class Verdict:
    """``rule`` decided, without its kind; ``fault`` says why there is no verdict: ``slow`` or ``failed``."""

    allowed: bool = False
    rule: Tokens = ()
    fault: str = ""
    detail: str = ""


async def judge(foreign: Foreign, request: Tokens) -> Verdict:
    """What stock Casbin answers."""
    asked = {"model": foreign.model_text, "policy": foreign.policy_text, "request": request}
    async with _turns:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-I",
            str(Path(foreign_run.__file__)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={},
        )
        try:
            async with asyncio.timeout(PATIENCE):
                said, _error = await process.communicate(json.dumps(asked).encode())
        except TimeoutError:
            return Verdict(fault="slow")
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    if process.returncode != 0 or not said:
        return Verdict(fault="slow")  # ended by a limit
    answer = json.loads(said)
    if "error" in answer:
        return Verdict(fault="failed", detail=answer["error"])
    return Verdict(answer["allowed"], tuple(answer["rule"]))
