"""The department's units and posts as the regulation describes them, and the departments beside it.

What a new portal starts with; HR changes it in the browser. The plan of the department's own posts is
1 + 2 + 3 + 5 + 8 = 19.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Unit:
    """``code`` is the group's name in the policy; ``own`` units count into the department's plan."""

    code: str
    zh: str
    en: str
    own: bool


@dataclass(frozen=True, slots=True)
class Post:
    """Duties in both languages, in the same order. ``role`` is the policy's, held in these ``groups``."""

    code: str
    unit: str
    zh: str
    en: str
    headcount: int
    role: str
    groups: tuple[str, ...]
    duties: tuple[tuple[str, str], ...]
    certificates: tuple[str, str] = ("", "")


UNITS: Final = (
    Unit("management", "管理层", "Management", own=False),
    Unit("department", "票务系统部", "Ticketing department", own=True),
    Unit("procurement", "采购组", "Procurement group", own=True),
    Unit("operations", "运维组", "Operations group", own=True),
    Unit("technology", "技术组", "Technology group", own=True),
    Unit("visitor_services", "游客服务", "Visitor services", own=False),
    Unit("finance", "财务部", "Finance department", own=False),
    Unit("hr", "人力资源部", "HR department", own=False),
    Unit("marketing", "市场部", "Marketing department", own=False),
    Unit("tech_dept", "技术部", "Technology department", own=False),
    Unit("administrators", "三员管理", "Administrators", own=False),
)

_EVERYWHERE: Final = ("*",)

POSTS: Final = (
    Post(
        "ceo",
        "management",
        "首席执行官",
        "CEO",
        1,
        "ceo",
        _EVERYWHERE,
        (
            ("审批50万元以上的支出", "Decides on spending above 500,000 yuan"),
            (
                "系统采购的最后一位会签人",
                "Gives the last of the three signatures on system procurement",
            ),
            ("发布他人起草的权限策略", "Releases the permission policy that others have drafted"),
        ),
    ),
    Post(
        "operations_director",
        "management",
        "景区运营总监",
        "Operations director",
        1,
        "operations_director",
        _EVERYWHERE,
        (
            (
                "听取本部门的经营、风险与满意度报告",
                "Receives the department's reports on operations, risk and satisfaction",
            ),
            ("评估总监的季度绩效", "Assesses the director every quarter"),
            (
                "跟踪预订成功率与系统可用率，不介入具体办理",
                "Follows booking success and availability without stepping in",
            ),
        ),
    ),
    Post(
        "director",
        "department",
        "总监",
        "Director",
        1,
        "director",
        _EVERYWHERE,
        (
            (
                "主持部门工作，对预订成功率和故障率目标负责",
                "Heads the department and answers for the goals on booking success and failure",
            ),
            (
                "审批10万元至50万元的支出，系统采购的第一位会签人",
                "Decides on spending from 100,000 to 500,000 yuan and signs system procurement first",
            ),
            ("唯一可以调阅合同正文的人", "Is the only one to open contracts"),
            (
                "主持季度战略会议，按季决定资源配置",
                "Chairs the quarterly strategy meeting and decides on resources each quarter",
            ),
            (
                "评估两位经理，并与经理共同评估运维组和技术组专员",
                "Assesses the managers, and with the manager the specialists of operations and technology",
            ),
        ),
    ),
    Post(
        "manager_procurement",
        "department",
        "采购经理",
        "Procurement manager",
        1,
        "manager",
        ("procurement",),
        (
            (
                "带领采购组，安排采购项目的人员和进度",
                "Leads the procurement group and plans its projects",
            ),
            ("审批本组10万元以下的支出", "Decides on the group's spending below 100,000 yuan"),
            ("主持启动会、季度评审和验收", "Holds kickoff, quarterly review and acceptance"),
            (
                "管理供应商评级和保密协议",
                "Keeps the rating of suppliers and their non-disclosure agreements",
            ),
        ),
    ),
    Post(
        "manager_systems",
        "department",
        "系统经理",
        "Systems manager",
        1,
        "manager",
        ("operations", "technology"),
        (
            (
                "带领运维组和技术组，协调三组协同迭代",
                "Leads operations and technology and brings the groups' iterations together",
            ),
            ("审批本组10万元以下的支出", "Decides on the groups' spending below 100,000 yuan"),
            (
                "编排7×24小时值班，升级未按时响应的故障",
                "Sets the round-the-clock roster and takes up incidents answered too late",
            ),
            ("批准系统上线，组织应急演练", "Lets systems go live and holds the drills"),
        ),
    ),
    Post(
        "specialist_procurement",
        "procurement",
        "采购专员",
        "Procurement specialist",
        3,
        "specialist",
        ("procurement",),
        (
            (
                "受理采购需求，编制采购申请和预算科目",
                "Takes in needs and writes requests with their budget lines",
            ),
            (
                "筛选供应商，签署保密协议后方可交换数据",
                "Screens suppliers; data is exchanged only under a signed agreement",
            ),
            (
                "跟踪合同履约和到货，组织验收材料",
                "Follows delivery and gathers the papers for acceptance",
            ),
            (
                "每月向财务部报送预算执行情况",
                "Reports the execution of the budget to finance every month",
            ),
            ("按规则命名并归档合同", "Names contracts by the rule and files them"),
        ),
        ("招标采购从业资格（优先）", "Certificate in tendering and procurement (preferred)"),
    ),
    Post(
        "specialist_operations",
        "operations",
        "运维专员",
        "Operations specialist",
        5,
        "specialist",
        ("operations",),
        (
            (
                "7×24小时值守，15分钟内响应故障",
                "Keeps watch round the clock and answers an incident within 15 minutes",
            ),
            (
                "按等级在时限内恢复服务，事后复盘",
                "Restores service within the limit of its severity and reviews it afterwards",
            ),
            (
                "维护票种、时段和名额，处理订单与退款",
                "Maintains tickets, slots and places, and handles orders and refunds",
            ),
            (
                "每日检查备份，按计划验证恢复",
                "Checks the backups daily and proves on schedule that they restore",
            ),
            ("更新应急预案并记录演练结果", "Keeps the emergency plans and records the drills"),
        ),
        (
            "系统运维相关认证，具备系统运营经验者优先",
            "A certificate in systems operation; experience preferred",
        ),
    ),
    Post(
        "specialist_technology",
        "technology",
        "技术专员",
        "Technology specialist",
        8,
        "specialist",
        ("technology",),
        (
            (
                "开发、测试并部署预订系统的迭代",
                "Builds, tests and deploys the iterations of the booking system",
            ),
            (
                "修复缺陷，配合运维组定位故障根因",
                "Mends defects and finds root causes with operations",
            ),
            ("维护接口、数据库和监控探针", "Maintains interfaces, the database and the probes"),
            (
                "落实数据加密与访问控制，登记系统资产",
                "Carries out encryption and access control and keeps the register of systems",
            ),
            ("参与采购项目的功能测试与验收", "Takes part in the functional tests of projects"),
        ),
        (
            "必须持有软件、数据库或网络安全类专业技术资格证书",
            "Required: a professional certificate in software, databases or network security",
        ),
    ),
    Post(
        "gate_staff",
        "visitor_services",
        "检票员",
        "Gate staff",
        2,
        "gate",
        _EVERYWHERE,
        (
            ("核验门票与证件，引导游客入园", "Checks tickets and documents and lets visitors in"),
            (
                "观察园内人数，达到上限时按指令暂停入园",
                "Watches the number inside and stops entry when told so",
            ),
        ),
    ),
    Post(
        "window_staff",
        "visitor_services",
        "售票员",
        "Window staff",
        1,
        "window",
        _EVERYWHERE,
        (
            (
                "为到场和没有手机的游客售票、改签、退票",
                "Sells, moves and refunds tickets for those who come without a phone",
            ),
            (
                "班前备好零钱，班后清点钱箱",
                "Counts the float before the shift and the drawer after it",
            ),
        ),
    ),
    Post(
        "finance_head",
        "finance",
        "财务负责人",
        "Head of finance",
        1,
        "finance",
        ("finance",),
        (
            ("系统采购的第二位会签人", "Gives the second signature on system procurement"),
            (
                "登记预算，按批准的申请占用额度",
                "Keeps the budget and books approved requests against it",
            ),
            ("复核退款与窗口现金", "Looks over refunds and the cash of the window"),
        ),
    ),
    Post(
        "hr_head",
        "hr",
        "人力资源负责人",
        "Head of HR",
        1,
        "hr",
        ("hr",),
        (
            (
                "维护组织架构、岗位职责和编制",
                "Keeps the organisation, the duties of posts and the headcount plan",
            ),
            ("组织招聘、晋升评审与轮岗", "Runs recruiting, promotion reviews and rotation"),
            ("受理升级到仲裁的争议", "Arbitrates disputes that mediation did not settle"),
        ),
    ),
    Post(
        "marketing_head",
        "marketing",
        "市场负责人",
        "Head of marketing",
        1,
        "marketing",
        ("marketing",),
        (
            ("提交游客需求与营销活动计划", "Hands in visitors' needs and plans of campaigns"),
            (
                "跟踪转化率，参加季度战略会议",
                "Follows conversion and joins the quarterly strategy meeting",
            ),
        ),
    ),
    Post(
        "tech_dept_head",
        "tech_dept",
        "技术部负责人",
        "Head of the technology department",
        1,
        "tech_dept",
        ("tech_dept",),
        (
            (
                "提供网络、主机与安全基础设施",
                "Provides network, hosts and the security around them",
            ),
            ("参加协调会议与联合项目", "Joins coordination meetings and joint projects"),
        ),
    ),
    Post(
        "system_administrator",
        "administrators",
        "系统管理员",
        "System administrator",
        1,
        "sysadmin",
        _EVERYWHERE,
        (
            ("开立、停用账号，维护系统设置", "Opens and closes accounts and keeps the settings"),
            ("不授予角色，不查看审计日志", "Grants no roles and does not read the audit trail"),
        ),
    ),
    Post(
        "security_administrator",
        "administrators",
        "安全管理员",
        "Security administrator",
        1,
        "secadmin",
        _EVERYWHERE,
        (
            (
                "起草权限策略，授予角色，提交他人发布",
                "Drafts the permission policy and grants roles, for somebody else to release",
            ),
            ("答复权限申请，不开立账号", "Answers requests for access and opens no accounts"),
        ),
    ),
    Post(
        "audit_administrator",
        "administrators",
        "审计管理员",
        "Audit administrator",
        1,
        "auditadmin",
        _EVERYWHERE,
        (
            ("查看、校验并导出审计日志", "Reads, verifies and exports the audit trail"),
            ("不参与业务，不修改权限与账号", "Has no part in business, permissions or accounts"),
        ),
    ),
)
