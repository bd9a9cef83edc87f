"""What may happen when only some facts are settled: the question of assertions and of the reverse view.

``decide`` takes what is not known against the request. Here it is taken for it: the answer "nobody"
is certain, the answer "somebody" may be too wide where conditions exclude each other.
"""

from rbac.compiled import CompiledPolicy, for_absent
from rbac.conditions import compile_condition
from rbac.facts import NOTHING_KNOWN, Facts
from rbac.lines import ALLOW, EVERY, Rule
from rbac.relations import LINE_TERMS, Holding, Term, answer, parse_relation, question
from rbac.standing import Standing


def possible_rules(
    compiled: CompiledPolicy,
    standing: Standing,
    subject: str,
    permission: str,
    settled: Facts = NOTHING_KNOWN,
) -> list[tuple[Rule, Holding]]:
    """Return the allow rules that may let the subject on some record with these facts.

    Empty also when a deny is certain. A role can be asked about like a person.
    """
    found = []
    for rule, holding in compiled.reaching(standing, subject, permission):
        if rule.effect != ALLOW:
            if _certain(rule, subject, holding, standing, settled):
                return []
        elif _possible(rule, subject, holding, standing, settled):
            found.append((rule, holding))
    return found


def _possible(
    rule: Rule, subject: str, holding: Holding, standing: Standing, settled: Facts
) -> bool:
    for term, asked in parse_relation(rule.relation).wanted:
        asking = question(term, standing, for_absent=for_absent(rule, asked=asked))
        known = answer(asking, settled, subject, holding)
        if known is None and asked:
            known = None if _ever(term, subject, holding, standing) else False
        if known is (not asked):
            return False
    condition = compile_condition(rule.condition)
    return condition is None or condition.possible(settled.attributes)


def _ever(term: Term, subject: str, holding: Holding, standing: Standing) -> bool:
    """Tell whether there may be a record to which the subject is what the term says."""
    if term in LINE_TERMS:
        return standing.leads(subject, term)
    return term is not Term.OWN_GROUP or holding.groups != {EVERY}


def _certain(
    rule: Rule, subject: str, holding: Holding, standing: Standing, settled: Facts
) -> bool:
    for term, asked in parse_relation(rule.relation).wanted:
        asking = question(term, standing, for_absent=for_absent(rule, asked=asked))
        known = answer(asking, settled, subject, holding)
        if known is not asked:
            return False
    condition = compile_condition(rule.condition)
    return condition is None or condition.certain(settled.attributes)
