"""The roles and groups that Shanmen comes with, in words. A policy may have others; they read as their names."""

from collections.abc import Mapping
from typing import NamedTuple

from rbac.bilingual import Words


class RoleWords(NamedTuple):
    """``holder`` begins a sentence on what may be done, ``nobody`` one on what may not."""

    holder: Words
    nobody: Words | None = None


def _role(en: str, zh: str) -> RoleWords:
    return RoleWords(Words(en, zh))


ROLES: Mapping[str, RoleWords] = {
    "role:public": RoleWords(Words("everybody", "任何人"), Words("nobody", "任何人")),
    "role:staff": RoleWords(
        Words("everybody with an account", "所有账号持有人"),
        Words("nobody with an account", "所有账号持有人"),
    ),
    "role:colleague": RoleWords(
        Words("everybody who works here", "全体同事"), Words("nobody who works here", "全体同事")
    ),
    "role:specialist": _role("a specialist", "专员"),
    "role:manager": _role("a manager", "经理"),
    "role:director_deputy": _role("the director or a deputy", "总监或其代理人"),
    "role:director": _role("the director", "总监"),
    "role:ceo": _role("the CEO", "CEO"),
    "role:operations_director": _role("the operations director", "景区运营总监"),
    "role:partner": _role("a partner department", "协作部门"),
    "role:finance": _role("the finance department", "财务部"),
    "role:hr": _role("the HR department", "人力资源部"),
    "role:marketing": _role("the marketing department", "市场部"),
    "role:tech_dept": _role("the technology department", "技术部"),
    "role:gate": _role("gate staff", "检票员"),
    "role:window": _role("window staff", "售票员"),
    "role:agency": _role("a travel agency", "旅行社"),
    "role:sysadmin": _role("the system administrator", "系统管理员"),
    "role:secadmin": _role("the security administrator", "安全管理员"),
    "role:auditadmin": _role("the audit administrator", "审计管理员"),
}

GROUPS: Mapping[str, Words] = {
    "procurement": Words("the procurement group", "采购组"),
    "operations": Words("the operations group", "运维组"),
    "technology": Words("the technology group", "技术组"),
    "finance": Words("the finance department", "财务部"),
    "hr": Words("the HR department", "人力资源部"),
    "marketing": Words("the marketing department", "市场部"),
    "tech_dept": Words("the technology department", "技术部"),
}
