"""Who may do what: Casbin's policy as the definition, a compiled index as the answer.

A policy is Casbin lines. ``policy.py`` reads them and refuses what cannot be trusted (a misspelt
permission, a condition that does not compile, a circle in the reporting lines); ``compiled.py``
answers from an index; ``enforcer.py`` answers the same questions with stock Casbin, slowly, and the
tests hold the two equal. ``explain.py`` says why a decision fell and who all may do something,
``words.py`` reads a line out in English and Chinese, ``assertions.py`` checks what must stay true
whatever is edited, ``guard.py`` holds the policy in force. Beside each, ``…_words.py`` says what it
found. The package knows nothing of the portal around it.

The language of a rule, ``p, subject, group, resource, action, relation, condition, effect``:

subject     a role (``role:manager``) or one person (``proc1``, then for every group). Role names
            carry the prefix so that no account can become a role by its name.
group       the group in which the role must be held, ``*`` for any
resource    and action: a permission of ``permissions.py``, ``*`` for all
relation    what the subject must be to the record: ``any`` or terms of ``relations.py`` joined by
            ``&``, each turned round by a leading ``!`` (``solid & !requester``)
condition   on the record's attributes, in the language of ``conditions.py``; empty for always
effect      ``allow`` or ``deny``; one matching deny refuses whatever else allows

Beside the rules: ``g, person, role, group[, since, until, instead of]`` grants a role (the last
three for deputies), ``g, role, role, *`` makes the first include the second, ``g2`` and ``g3``
(``person, superior[, since, until]``) are solid and dual reporting lines. Two subjects are no
accounts: ``visitor`` is everybody without one, ``newcomer`` whoever has one and no role yet.
"""
