"""Words in the portal's two languages, for names that the policy and the code share."""

from typing import Literal, NamedTuple

Language = Literal["en", "zh"]


class Words(NamedTuple):
    en: str
    zh: str

    def say(self, lang: Language) -> str:
        return self.zh if lang == "zh" else self.en
