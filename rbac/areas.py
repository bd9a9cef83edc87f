"""What the permissions are about, in words: resources, the areas they lie in, sets of roles.

For whoever reads the policy as a table. A resource that no area names lies in the last one, a role
that no set names in the last set: nothing is ever left out of sight.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from rbac.bilingual import Language, Words
from rbac.lines import NEWCOMER, VISITOR
from rbac.permissions import Permission


class Area(NamedTuple):
    name: str
    words: Words
    resources: Mapping[str, Words]


class RoleSet(NamedTuple):
    name: str
    words: Words
    subjects: tuple[str, ...]


def _area(name: str, words: tuple[str, str], **resources: tuple[str, str]) -> Area:
    named = {resource: Words(*said) for resource, said in resources.items()}
    return Area(name, Words(*words), named)


def _set(name: str, words: tuple[str, str], *subjects: str) -> RoleSet:
    return RoleSet(name, Words(*words), subjects)


AREAS: Sequence[Area] = (
    _area(
        "visitors",
        ("Visitors and tickets", "游客与门票"),
        public=("Public pages", "公开页面"),
        language=("Language", "语言"),
        queue=("Waiting room", "排队等候室"),
        booking=("Bookings", "预订"),
        order=("Orders", "订单"),
        ticket=("Tickets", "门票"),
        payment=("Payments", "支付"),
        refund=("Refunds", "退款"),
        waitlist=("Waiting list", "候补"),
        booking_block=("Booking blocks", "限制预订"),
        appeal=("Appeals", "申诉"),
        satisfaction=("Visitors' satisfaction", "游客满意度"),
        visitor=("Visitors' data", "游客资料"),
        attempt=("Booking attempts", "预订尝试"),
        forecast=("Forecasts", "客流预测"),
    ),
    _area(
        "sale",
        ("Catalogue, window and gate", "票务、窗口与检票"),
        catalogue=("Catalogue", "票种目录"),
        attraction=("Attractions", "景点"),
        slot=("Time slots", "入园时段"),
        closure=("Closures", "闭园"),
        flow_control=("Flow control", "限流"),
        occupancy=("Occupancy", "在园人数"),
        window_sale=("Window sales", "窗口售票"),
        check_in=("Check-in", "检票"),
        agency=("Travel agencies", "旅行社"),
        campaign=("Campaigns", "营销活动"),
    ),
    _area(
        "approvals",
        ("Approvals and procurement", "审批与采购"),
        approval=("Approvals", "审批"),
        budget=("Budget", "预算"),
        project=("Procurement projects", "采购项目"),
        supplier=("Suppliers", "供应商"),
        nda=("Confidentiality agreements", "保密协议"),
        contract=("Contracts", "合同"),
        system_asset=("Systems", "系统资产"),
        demand=("Demands", "需求"),
    ),
    _area(
        "operations",
        ("Incidents and daily work", "故障与日常工作"),
        incident=("Incidents", "故障"),
        on_call=("On-call duty", "值班"),
        emergency_plan=("Emergency plans", "应急预案"),
        drill=("Drills", "演练"),
        probe=("Monitoring", "监控探测"),
        backup=("Backups", "备份"),
        work_log=("Work log", "工作日志"),
        task=("Tasks", "任务"),
    ),
    _area(
        "risk",
        ("Risk and compliance", "风险与合规"),
        risk=("Risks", "风险"),
        internal_audit=("Internal audit", "内部审计"),
        training=("Training", "培训"),
        breach=("Breaches", "泄露与违规事件"),
    ),
    _area(
        "meetings",
        ("Meetings, reports, notices", "会议、报告与通知"),
        meeting=("Meetings", "会议"),
        minutes=("Minutes", "会议纪要"),
        resolution=("Resolutions", "决议"),
        report=("Reports", "报告"),
        template=("Report templates", "报告模板"),
        notice=("Notices", "通知"),
        liaison=("Liaison persons", "接口人"),
        dashboard=("Dashboard", "驾驶舱"),
    ),
    _area(
        "people",
        ("People and performance", "人员与绩效"),
        organisation=("Organisation", "组织架构"),
        personnel=("Personnel files", "人事资料"),
        opening=("Openings", "招聘岗位"),
        candidate=("Candidates", "候选人"),
        assessment=("Assessments", "绩效考核"),
        performance=("Performance figures", "绩效指标"),
        goal=("Goals", "目标"),
        improvement_plan=("Improvement plans", "改进计划"),
        reward=("Rewards", "奖励"),
        promotion=("Promotions", "晋升"),
        rotation=("Rotation", "轮岗"),
    ),
    _area(
        "improvement",
        ("Improvement and disputes", "改进与争议"),
        improvement=("Improvements", "改进建议"),
        survey=("Surveys", "内部问卷"),
        feedback=("Feedback box", "意见箱"),
        regulation=("Regulation", "管理制度"),
        dispute=("Disputes", "争议"),
    ),
    _area(
        "administration",
        ("Accounts and administration", "账号与系统管理"),
        session=("Sessions", "会话"),
        account=("Accounts", "账号"),
        desk=("Desk", "工作台"),
        role=("Roles", "角色"),
        policy=("Permission policy", "权限策略"),
        audit_trail=("Audit trail", "审计日志"),
        settings=("Settings", "设置"),
        setup=("First set-up", "初次设置"),
        health=("Health check", "健康检查"),
        metrics=("Metrics", "运行指标"),
    ),
)

ROLE_SETS: Sequence[RoleSet] = (
    _set(
        "everybody",
        ("Everybody", "通用"),
        VISITOR,
        NEWCOMER,
        "role:public",
        "role:staff",
        "role:colleague",
    ),
    _set(
        "department",
        ("The department", "本部门"),
        "role:specialist",
        "role:manager",
        "role:director_deputy",
        "role:director",
    ),
    _set(
        "beside",
        ("Leadership and partners", "领导与协作部门"),
        "role:ceo",
        "role:operations_director",
        "role:partner",
        "role:finance",
        "role:hr",
        "role:marketing",
        "role:tech_dept",
    ),
    _set(
        "front",
        ("Window, gate, agencies", "窗口、检票与旅行社"),
        "role:gate",
        "role:window",
        "role:agency",
    ),
    _set(
        "administrators",
        ("Administrators", "三员"),
        "role:sysadmin",
        "role:secadmin",
        "role:auditadmin",
    ),
)

#: The roles of which nobody holds two.
ADMINISTRATORS: Sequence[str] = next(
    roles.subjects for roles in ROLE_SETS if roles.name == "administrators"
)

#: The role that stands in front where few are seen at a time, unless another is chosen.
IN_FRONT = "role:specialist"

#: Where whatever is named nowhere lies.
OTHERS = Words("Others", "其他")

_AREA_OF = {resource: area.name for area in AREAS for resource in area.resources}
_WORDS_OF = {name: said for area in AREAS for name, said in area.resources.items()}


def area_of(resource: str) -> str:
    return _AREA_OF.get(resource, AREAS[-1].name)


def resource_words(resource: str, lang: Language) -> str:
    known = _WORDS_OF.get(resource)
    return known.say(lang) if known else resource


def by_resource(area: str) -> dict[str, list[Permission]]:
    """Return the permissions of an area, resource by resource, in the order in which areas name them."""
    found: dict[str, list[Permission]] = {}
    named = next(each for each in AREAS if each.name == area).resources
    for resource in named:
        found[resource] = []
    for permission in Permission:
        if area_of(permission.resource) == area:
            found.setdefault(permission.resource, []).append(permission)
    return {resource: permissions for resource, permissions in found.items() if permissions}
