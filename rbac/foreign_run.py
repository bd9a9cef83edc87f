"""Judge one request by a foreign policy with stock Casbin, in a process of its own.

Run as a script with nothing but its standard input, a JSON object: ``model``, ``policy``, ``request``. The answer
is a JSON object on standard output: ``allowed`` with the ``rule`` that decided, or ``error``. A pattern of the policy
may take for ever or fill the memory: the limits set here end the process, and only the process.
"""

import json
import logging
import resource
import sys

CPU_SECONDS = 2
MEMORY = 512 * 1024 * 1024


def main() -> None:
    """Judge, or say which kind of fault kept it from being judged."""
    asked = json.load(sys.stdin)
    import casbin  # noqa: PLC0415  its import needs files, which the limits take away
    from casbin.persist.adapters.string_adapter import StringAdapter  # noqa: PLC0415

    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    logging.disable(logging.CRITICAL)
    try:
        model = casbin.Model()
        model.load_model_from_text(asked["model"])
        policy = (StringAdapter(asked["policy"]),) if asked["policy"] else ()
        enforcer = casbin.Enforcer(model, *policy)
        allowed, rule = enforcer.enforce_ex(*asked["request"])
    except Exception as error:  # noqa: BLE001  whatever a foreign pattern brings about is an answer
        print(json.dumps({"error": f"{type(error).__name__}: {error}"[:200]}))  # noqa: T201
    else:
        print(json.dumps({"allowed": bool(allowed), "rule": list(rule)}))  # noqa: T201


if __name__ == "__main__":
    main()
