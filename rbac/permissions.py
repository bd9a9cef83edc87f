"""Every permission of Shanmen: the one list that routes, policy and sentences share.

A permission is named ``resource:action``. A route, a rule and the audit trail use the name; what it
allows is said beside it in English and Chinese. Who holds it is policy, never code.
"""

from enum import StrEnum
from typing import Self

from rbac.bilingual import Language


class Permission(StrEnum):
    """In alphabetical order of the names; a test keeps it so."""

    en: str
    zh: str

    def __new__(cls, name: str, en: str, zh: str) -> Self:
        member = str.__new__(cls, name)
        member._value_ = name
        member.en = en
        member.zh = zh
        return member

    ACCOUNT_CREATE = "account:create", "create a staff account", "创建员工账号"
    ACCOUNT_DISABLE = "account:disable", "disable or enable a staff account", "停用或启用员工账号"
    ACCOUNT_READ = "account:read", "see the list of staff accounts", "查看员工账号列表"
    ACCOUNT_RESET = (
        "account:reset",
        "reset a staff account's password or second factor",
        "重置员工账号的密码或双因素认证",
    )
    ACCOUNT_SELF = (
        "account:self",
        "manage one's own password, second factor and sessions",
        "管理自己的密码、双因素认证与会话",
    )
    AGENCY_BOOK = "agency:book", "place a group booking for an agency", "为旅行社办理团队预订"
    AGENCY_DECIDE = "agency:decide", "admit, suspend or lock an agency", "准入、暂停或锁定旅行社"
    AGENCY_READ = (
        "agency:read",
        "see agencies, their bookings and fulfilment rates",
        "查看旅行社及其预订与履约率",
    )
    APPEAL_DECIDE = (
        "appeal:decide",
        "decide on an appeal against a booking block",
        "处理限制预订申诉",
    )
    APPEAL_FILE = "appeal:file", "appeal against a booking block", "对限制预订提出申诉"
    APPROVAL_ADD_SIGNER = "approval:add_signer", "add a signer to a request", "为审批加签"
    APPROVAL_COMMENT = "approval:comment", "comment on a request", "在审批中发表意见"
    APPROVAL_CREATE = (
        "approval:create",
        "file a spending or procurement request",
        "提交支出或采购申请",
    )
    APPROVAL_DECIDE = (
        "approval:decide",
        "approve, reject or return a spending request",
        "批准、驳回或退回支出申请",
    )
    APPROVAL_DELEGATE = (
        "approval:delegate",
        "name a deputy for a limited time",
        "在限定时间内委托代理审批",
    )
    APPROVAL_EMERGENCY = (
        "approval:emergency",
        "start an emergency repair before its approval",
        "先行应急抢修、事后补办审批",
    )
    APPROVAL_HAND_OVER = (
        "approval:hand_over",
        "hand a waiting request over to a colleague",
        "转交待办审批",
    )
    APPROVAL_NUDGE = "approval:nudge", "nudge whoever a request waits for", "催办审批"
    APPROVAL_READ = "approval:read", "see a request with its history", "查看审批及其记录"
    APPROVAL_SIGN = (
        "approval:sign",
        "sign a system procurement at one's own step",
        "在系统采购会签中签字",
    )
    APPROVAL_WITHDRAW = (
        "approval:withdraw",
        "withdraw a request that is not decided",
        "撤回未决的申请",
    )
    ASSESSMENT_CALIBRATE = (
        "assessment:calibrate",
        "set weights and bands of the assessments",
        "设定考核权重与等级",
    )
    ASSESSMENT_FINALISE = "assessment:finalise", "fix the results of a period", "确认考核期结果"
    ASSESSMENT_READ = "assessment:read", "see a person's assessment", "查看个人绩效考核"
    ASSESSMENT_REVIEW = "assessment:review", "assess a person one leads", "评估下属绩效"
    ASSESSMENT_SELF_ASSESS = (
        "assessment:self_assess",
        "write one's own monthly assessment",
        "填写月度自评",
    )
    ATTEMPT_READ = (
        "attempt:read",
        "see booking attempts, success and failure rates",
        "查看预订尝试及成功率、失败率",
    )
    ATTRACTION_EDIT = (
        "attraction:edit",
        "edit attractions, entrances and opening hours",
        "编辑景点、入口与开放时间",
    )
    ATTRACTION_READ = (
        "attraction:read",
        "see attractions, entrances and opening hours",
        "查看景点、入口与开放时间",
    )
    AUDIT_TRAIL_ANCHOR = (
        "audit_trail:anchor",
        "anchor the head of the audit chain outside",
        "将审计哈希链头锚定到外部",
    )
    AUDIT_TRAIL_EXPORT = "audit_trail:export", "export the audit trail", "导出审计日志"
    AUDIT_TRAIL_READ = "audit_trail:read", "read the audit trail", "查看审计日志"
    AUDIT_TRAIL_VERIFY = (
        "audit_trail:verify",
        "verify the audit trail's hash chain",
        "校验审计日志哈希链",
    )
    BACKUP_READ = (
        "backup:read",
        "see backups and the last proven restore",
        "查看备份与最近一次恢复验证",
    )
    BACKUP_RESTORE = "backup:restore", "restore a backup", "恢复备份"
    BACKUP_RUN = "backup:run", "make a backup now", "立即备份"
    BACKUP_VERIFY = (
        "backup:verify",
        "restore a backup into a scratch place and compare",
        "恢复备份到临时环境并比对",
    )
    BOOKING_CANCEL = "booking:cancel", "cancel an order whole or in part", "整单或部分取消订单"
    BOOKING_CHANGE = "booking:change", "move an order to another slot", "订单改期"
    BOOKING_CREATE = "booking:create", "book tickets", "预订门票"
    BOOKING_BLOCK_CREATE = (
        "booking_block:create",
        "block a document or phone from booking",
        "限制证件或手机号预订",
    )
    BOOKING_BLOCK_LIFT = "booking_block:lift", "lift a booking block", "解除限制预订"
    BOOKING_BLOCK_READ = (
        "booking_block:read",
        "see booking blocks and suspicious bookings",
        "查看限制预订与异常预订",
    )
    BREACH_CLOSE = "breach:close", "close a data breach case", "结案数据泄露事件"
    BREACH_INVESTIGATE = (
        "breach:investigate",
        "investigate a data breach or other violation",
        "调查数据泄露或其他违规",
    )
    BREACH_READ = "breach:read", "read a data breach case", "查看数据泄露事件"
    BREACH_REPORT = (
        "breach:report",
        "report a data breach or other violation",
        "报告数据泄露或其他违规",
    )
    BUDGET_BOOK = (
        "budget:book",
        "book an approved request against a budget line",
        "将已批申请计入预算科目",
    )
    BUDGET_EDIT = "budget:edit", "edit budget lines", "编辑预算科目"
    BUDGET_HOLD = "budget:hold", "place or lift a hold on a budget line", "冻结或解冻预算科目"
    BUDGET_READ = "budget:read", "see budget lines and their execution", "查看预算科目与执行情况"
    BUDGET_REPORT = (
        "budget:report",
        "send finance the monthly budget execution report",
        "向财务部报送月度预算执行报告",
    )
    CAMPAIGN_EDIT = (
        "campaign:edit",
        "edit campaigns, vouchers and promotions",
        "编辑活动、优惠券与促销",
    )
    CAMPAIGN_READ = "campaign:read", "see campaigns and their conversion", "查看活动及其转化率"
    CANDIDATE_EDIT = "candidate:edit", "record candidates and their stages", "登记候选人及其阶段"
    CANDIDATE_READ = "candidate:read", "see candidates", "查看候选人"
    CATALOGUE_EDIT = (
        "catalogue:edit",
        "edit ticket products, categories and prices",
        "编辑票种、人群类别与价格",
    )
    CATALOGUE_READ = (
        "catalogue:read",
        "see ticket products, categories and prices",
        "查看票种、人群类别与价格",
    )
    CHECK_IN_CREATE = "check_in:create", "check a visitor in at the gate", "检票入园"
    CHECK_IN_OFFLINE = (
        "check_in:offline",
        "take the signed list of the day offline",
        "离线使用当日签名名单",
    )
    CHECK_IN_OVERRIDE = (
        "check_in:override",
        "admit a visitor despite a warning, with a reason",
        "注明原因后放行有异常提示的游客",
    )
    CHECK_IN_RECONCILE = "check_in:reconcile", "settle check-ins taken offline", "核对离线检票记录"
    CLOSURE_CREATE = (
        "closure:create",
        "close a slot or a day and tell all holders",
        "关闭时段或整日并通知全部持票人",
    )
    CLOSURE_LIFT = "closure:lift", "lift a closure", "解除临时关闭"
    CLOSURE_READ = "closure:read", "see closures and their progress", "查看临时关闭及处理进度"
    CONTRACT_EXTRACT = (
        "contract:extract",
        "issue a time-limited extract of a contract",
        "签发限时合同摘录",
    )
    CONTRACT_FILE = "contract:file", "file a contract in the archive", "将合同归档"
    CONTRACT_HOLD = (
        "contract:hold",
        "place or lift a legal hold on a contract",
        "对合同设置或解除法定保全",
    )
    CONTRACT_LIST = (
        "contract:list",
        "see the register of contracts without opening them",
        "查看合同登记信息（不含正文）",
    )
    CONTRACT_OPEN = "contract:open", "open a contract", "调阅合同正文"
    DASHBOARD_READ = "dashboard:read", "see the department's dashboards", "查看部门看板"
    DEMAND_READ = (
        "demand:read",
        "see requirements handed in by other departments",
        "查看其他部门提交的需求",
    )
    DEMAND_SUBMIT = "demand:submit", "hand in visitors' needs", "提交游客需求"
    DESK_READ = "desk:read", "see one's own desk", "查看个人工作台"
    DISPUTE_ARBITRATE = "dispute:arbitrate", "arbitrate a dispute", "仲裁争议"
    DISPUTE_ESCALATE = "dispute:escalate", "take a dispute on to arbitration", "将争议提交仲裁"
    DISPUTE_FILE = "dispute:file", "file a dispute", "提出争议"
    DISPUTE_MEDIATE = "dispute:mediate", "mediate a dispute", "调解争议"
    DISPUTE_READ = "dispute:read", "see a dispute", "查看争议"
    DRILL_RECORD = "drill:record", "record a drill of an emergency plan", "记录应急预案演练"
    EMERGENCY_PLAN_APPROVE = (
        "emergency_plan:approve",
        "put an emergency plan into force",
        "批准应急预案",
    )
    EMERGENCY_PLAN_EDIT = "emergency_plan:edit", "write an emergency plan", "编写应急预案"
    EMERGENCY_PLAN_READ = "emergency_plan:read", "read emergency plans", "查看应急预案"
    FEEDBACK_READ = "feedback:read", "read the feedback box", "查看意见箱"
    FEEDBACK_SEND = "feedback:send", "put something into the feedback box", "向意见箱提交意见"
    FLOW_CONTROL_STOP = "flow_control:stop", "stop or resume entry at the gates", "暂停或恢复入园"
    FORECAST_READ = "forecast:read", "see the demand forecast", "查看客流预测"
    GOAL_DECIDE = (
        "goal:decide",
        "decide on goals and the resources tied to them",
        "决定目标及与之挂钩的资源",
    )
    GOAL_READ = "goal:read", "see goals and how they are met", "查看目标及达成情况"
    HEALTH_READ = (
        "health:read",
        "ask whether the portal is alive and ready",
        "查询系统存活与就绪状态",
    )
    IMPROVEMENT_DECIDE = (
        "improvement:decide",
        "adopt or decline an improvement",
        "采纳或谢绝改进建议",
    )
    IMPROVEMENT_PROPOSE = "improvement:propose", "propose an improvement", "提出改进建议"
    IMPROVEMENT_READ = "improvement:read", "see the improvement backlog", "查看改进清单"
    IMPROVEMENT_VOTE = "improvement:vote", "vote for an improvement", "为改进建议投票"
    IMPROVEMENT_PLAN_EDIT = (
        "improvement_plan:edit",
        "set an improvement plan with check points",
        "制定含检查点的改进计划",
    )
    IMPROVEMENT_PLAN_READ = "improvement_plan:read", "see an improvement plan", "查看改进计划"
    INCIDENT_ACKNOWLEDGE = "incident:acknowledge", "acknowledge an incident", "响应故障"
    INCIDENT_BANNER = (
        "incident:banner",
        "show visitors a banner about an incident",
        "向游客发布故障公告",
    )
    INCIDENT_CLOSE = "incident:close", "close a reviewed incident", "关闭已复盘的故障"
    INCIDENT_CREATE = "incident:create", "open an incident", "上报故障"
    INCIDENT_PAUSE = (
        "incident:pause",
        "pause an incident's clock, with a reason",
        "注明原因后暂停故障计时",
    )
    INCIDENT_READ = "incident:read", "see incidents and their timelines", "查看故障及其时间线"
    INCIDENT_RESOLVE = "incident:resolve", "record the repair of an incident", "登记故障修复"
    INCIDENT_REVIEW = "incident:review", "write the post-mortem of an incident", "撰写故障复盘"
    INCIDENT_SET_SEVERITY = "incident:set_severity", "change an incident's severity", "调整故障等级"
    INTERNAL_AUDIT_CHECK = (
        "internal_audit:check",
        "work through an audit's check list",
        "执行审计检查清单",
    )
    INTERNAL_AUDIT_FIND = "internal_audit:find", "record a finding", "登记审计发现"
    INTERNAL_AUDIT_PLAN = (
        "internal_audit:plan",
        "plan an internal audit and draw its sample",
        "制定内部审计并抽样",
    )
    INTERNAL_AUDIT_READ = (
        "internal_audit:read",
        "see internal audits and findings",
        "查看内部审计与发现",
    )
    INTERNAL_AUDIT_RECHECK = "internal_audit:recheck", "check a rectification again", "复查整改"
    INTERNAL_AUDIT_RECTIFY = "internal_audit:rectify", "rectify a finding", "整改审计发现"
    LANGUAGE_SWITCH = "language:switch", "change the language", "切换语言"
    LIAISON_EDIT = "liaison:edit", "name the liaison persons", "指定接口人"
    LIAISON_READ = "liaison:read", "see the liaison persons", "查看接口人"
    MEETING_CALL = "meeting:call", "call a meeting", "召集会议"
    MEETING_CHAIR = "meeting:chair", "lead a meeting and set its agenda", "主持会议并设定议程"
    MEETING_READ = "meeting:read", "see a meeting", "查看会议"
    METRICS_READ = "metrics:read", "read technical metrics", "读取技术指标"
    MINUTES_ARCHIVE = "minutes:archive", "archive the month's minutes", "按月归档会议纪要"
    MINUTES_EDIT = "minutes:edit", "write the minutes of a meeting", "撰写会议纪要"
    MINUTES_READ = "minutes:read", "read minutes", "查看会议纪要"
    NDA_EDIT = "nda:edit", "record a supplier's non-disclosure agreement", "登记供应商保密协议"
    NDA_READ = "nda:read", "see non-disclosure agreements", "查看保密协议"
    NOTICE_ACKNOWLEDGE = "notice:acknowledge", "acknowledge a notice", "确认收到通知"
    NOTICE_CALL = "notice:call", "record a call of the telephone chain", "登记电话通知结果"
    NOTICE_READ = "notice:read", "see notices and one's own deliveries", "查看通知及本人送达情况"
    NOTICE_SEND = "notice:send", "send an important notice", "发布重要通知"
    NOTICE_SEND_URGENT = (
        "notice:send_urgent",
        "send an urgent notice and start the telephone chain",
        "发布紧急通知并启动电话通知链",
    )
    NOTICE_TRACK = (
        "notice:track",
        "see a notice's delivery status per person",
        "查看通知逐人送达状态",
    )
    OCCUPANCY_READ = "occupancy:read", "see how many visitors are in the area", "查看在园人数"
    ON_CALL_EDIT = "on_call:edit", "edit the on-call roster", "编辑值班表"
    ON_CALL_HAND_OVER = "on_call:hand_over", "hand an on-call shift over", "值班交接"
    ON_CALL_READ = "on_call:read", "see the on-call roster", "查看值班表"
    ON_CALL_SWAP = "on_call:swap", "swap an on-call shift", "调换值班"
    OPENING_EDIT = (
        "opening:edit",
        "edit openings and their required certificates",
        "编辑招聘岗位及所需证书",
    )
    OPENING_PUBLISH = "opening:publish", "publish an opening", "发布招聘岗位"
    OPENING_READ = "opening:read", "see openings", "查看招聘岗位"
    ORDER_FIND = "order:find", "find one's own order by code and phone", "凭订单号与手机号查询订单"
    ORDER_LIST = "order:list", "list and search orders", "列出并搜索订单"
    ORDER_READ = "order:read", "see an order with masked personal data", "查看订单（个人信息脱敏）"
    ORGANISATION_EDIT = (
        "organisation:edit",
        "edit people, groups, posts and reporting lines",
        "编辑人员、小组、岗位与汇报线",
    )
    ORGANISATION_READ = (
        "organisation:read",
        "see the organisation chart and the duties of each post",
        "查看组织架构与岗位职责",
    )
    PAYMENT_PAY = "payment:pay", "pay for an order", "支付订单"
    PAYMENT_READ = "payment:read", "see payments", "查看支付记录"
    PAYMENT_RECEIVE = (
        "payment:receive",
        "take a payment notification from a payment provider",
        "接收支付渠道的支付通知",
    )
    PAYMENT_RECONCILE = (
        "payment:reconcile",
        "reconcile payments with the providers' statements",
        "与支付渠道对账",
    )
    PERFORMANCE_READ = "performance:read", "see the computed measures", "查看绩效指标"
    PERSONNEL_EDIT = "personnel:edit", "edit a personnel file", "编辑人事档案"
    PERSONNEL_READ = "personnel:read", "see a personnel file", "查看人事档案"
    POLICY_CHECK = "policy:check", "run the standing assertions", "运行常设断言"
    POLICY_DRAFT = "policy:draft", "draft a change of the permission policy", "起草权限策略变更"
    POLICY_EXPORT = "policy:export", "export the permission policy", "导出权限策略"
    POLICY_IMPORT = "policy:import", "import a permission policy into a draft", "将权限策略导入草稿"
    POLICY_READ = "policy:read", "read the permission policy", "查看权限策略"
    POLICY_RELEASE = (
        "policy:release",
        "release another person's draft of the permission policy",
        "发布他人起草的权限策略",
    )
    POLICY_REQUEST_ACCESS = "policy:request_access", "ask for access", "申请访问权限"
    POLICY_SIMULATE = (
        "policy:simulate",
        "simulate decisions of the permission policy",
        "模拟权限判定",
    )
    PROBE_EDIT = "probe:edit", "edit what is monitored", "编辑监控目标"
    PROBE_READ = "probe:read", "see probes and heartbeats", "查看监控探测与心跳"
    PROJECT_ACCEPT = "project:accept", "accept a finished project", "项目结项验收"
    PROJECT_CREATE = "project:create", "open a procurement project", "创建采购项目"
    PROJECT_EDIT = "project:edit", "edit a project's plan and documents", "编辑项目计划与文档"
    PROJECT_GO_LIVE = "project:go_live", "set an accepted project live", "将已验收项目上线"
    PROJECT_KICK_OFF = "project:kick_off", "hold a project's kickoff", "召开项目启动会"
    PROJECT_READ = "project:read", "see projects", "查看采购项目"
    PROJECT_REVIEW = "project:review", "record a project's quarterly review", "登记项目季度中期评审"
    PROJECT_TEST = (
        "project:test",
        "record functional and user acceptance tests",
        "登记功能测试与用户验收",
    )
    PROMOTION_DECIDE = "promotion:decide", "decide on a promotion", "决定晋升"
    PROMOTION_READ = "promotion:read", "see promotion reviews", "查看晋升评审"
    PROMOTION_REVIEW = "promotion:review", "review a person for promotion", "评审晋升"
    PUBLIC_READ = "public:read", "see the public pages", "浏览公开页面"
    QUEUE_JOIN = "queue:join", "wait in the waiting room of a release", "在放票候场室排队"
    REFUND_CREATE = "refund:create", "refund an order", "办理退款"
    REFUND_DECIDE = (
        "refund:decide",
        "decide on a refund outside the published rules",
        "审批规则外退款",
    )
    REGULATION_APPROVE = (
        "regulation:approve",
        "put a version of the regulation into force",
        "批准制度版本生效",
    )
    REGULATION_EDIT = "regulation:edit", "draft a version of the regulation", "起草制度版本"
    REGULATION_READ = "regulation:read", "read the regulation and its versions", "查看制度及其版本"
    REPORT_ARCHIVE = "report:archive", "archive a submitted report", "归档已提交的报告"
    REPORT_EDIT = "report:edit", "complete a drafted report", "完善报告草稿"
    REPORT_READ = "report:read", "read reports", "查看报告"
    REPORT_SUBMIT = "report:submit", "submit a report", "提交报告"
    RESOLUTION_ASSIGN = "resolution:assign", "give a resolution its owner", "指定决议责任人"
    RESOLUTION_CLOSE = "resolution:close", "close a resolution", "关闭决议"
    RESOLUTION_READ = "resolution:read", "see resolutions", "查看决议"
    RESOLUTION_UPDATE = (
        "resolution:update",
        "accept a resolution or report on it",
        "接受决议或汇报进展",
    )
    REWARD_DECIDE = "reward:decide", "decide on rewards and consequences", "决定奖惩"
    REWARD_READ = "reward:read", "see rewards and excellent employees", "查看奖励与优秀员工"
    RISK_CREATE = "risk:create", "enter a risk in the ledger", "登记风险"
    RISK_EXPORT = "risk:export", "export the risk ledger", "导出风险台账"
    RISK_READ = "risk:read", "see the risk ledger", "查看风险台账"
    RISK_REVIEW = "risk:review", "review a risk and its residual score", "复评风险与残余风险"
    RISK_TREAT = "risk:treat", "edit a risk's treatment", "编辑风险处置措施"
    ROLE_GRANT = "role:grant", "draft a grant of a role to a person", "起草角色授予"
    ROLE_READ = "role:read", "see who holds which role", "查看角色持有情况"
    ROTATION_DEFER = (
        "rotation:defer",
        "defer a rotation once, with a reason",
        "注明原因后推迟一次轮岗",
    )
    ROTATION_PLAN = "rotation:plan", "plan rotations", "制定轮岗计划"
    ROTATION_READ = "rotation:read", "see the rotation plan", "查看轮岗计划"
    SATISFACTION_ANSWER = (
        "satisfaction:answer",
        "answer the satisfaction survey after a visit",
        "填写游后满意度调查",
    )
    SATISFACTION_READ = (
        "satisfaction:read",
        "see the results of the satisfaction survey",
        "查看满意度调查结果",
    )
    SESSION_LIST = "session:list", "see sessions of other accounts", "查看其他账号的会话"
    SESSION_LOGIN = "session:login", "sign in", "登录"
    SESSION_LOGOUT = "session:logout", "sign out", "退出登录"
    SESSION_REVOKE = "session:revoke", "end a session of another account", "终止其他账号的会话"
    SETTINGS_EDIT = "settings:edit", "change the site's settings", "修改站点设置"
    SETTINGS_READ = "settings:read", "see the site's settings", "查看站点设置"
    SETUP_RUN = "setup:run", "set a new portal up, once", "首次设置系统"
    SLOT_EDIT = (
        "slot:edit",
        "edit slot patterns, exceptions and capacities",
        "编辑时段规则、例外与容量",
    )
    SLOT_READ = "slot:read", "see slots and places left", "查看时段与余票"
    SUPPLIER_CREATE = "supplier:create", "register a supplier", "登记供应商"
    SUPPLIER_RATE = "supplier:rate", "screen and rate a supplier", "筛选与评价供应商"
    SUPPLIER_READ = "supplier:read", "see suppliers", "查看供应商"
    SURVEY_ANSWER = "survey:answer", "answer the anonymous survey", "填写匿名问卷"
    SURVEY_OPEN = "survey:open", "open and close a survey round", "开启与关闭问卷轮次"
    SURVEY_READ = (
        "survey:read",
        "see survey results above the minimum group size",
        "查看达到最小人数的问卷结果",
    )
    SYSTEM_ASSET_EDIT = (
        "system_asset:edit",
        "move a system through its life cycle",
        "维护系统资产的生命周期",
    )
    SYSTEM_ASSET_READ = "system_asset:read", "see the register of systems", "查看系统资产登记"
    TASK_ASSIGN = "task:assign", "assign a task", "指派任务"
    TASK_CREATE = "task:create", "create a task", "新建任务"
    TASK_DONE = "task:done", "report a task done", "报告任务完成"
    TASK_READ = "task:read", "see a task", "查看任务"
    TEMPLATE_EDIT = "template:edit", "edit report templates", "编辑报告模板"
    TICKET_READ = "ticket:read", "see the tickets of an order", "查看订单的门票"
    TICKET_RESEND = "ticket:resend", "have a ticket sent again", "重新发送门票"
    TRAINING_ASSIGN = "training:assign", "assign a course with a due date", "布置课程与截止日期"
    TRAINING_COMPLETE = "training:complete", "complete a course", "完成课程"
    TRAINING_EDIT = "training:edit", "edit courses", "编辑课程"
    TRAINING_READ = "training:read", "see completion per person", "查看逐人完成情况"
    VISITOR_CORRECT = (
        "visitor:correct",
        "correct a visitor's data on the visitor's request",
        "应游客要求更正其信息",
    )
    VISITOR_ERASE = (
        "visitor:erase",
        "erase a visitor's data on the visitor's request",
        "应游客要求删除其信息",
    )
    VISITOR_EXPORT = (
        "visitor:export",
        "export a visitor's data on the visitor's request",
        "应游客要求导出其信息",
    )
    VISITOR_REQUEST = (
        "visitor:request",
        "ask for a copy, correction or deletion of one's own data",
        "申请查阅、更正或删除本人信息",
    )
    VISITOR_REVEAL = (
        "visitor:reveal",
        "reveal one visitor's full data, with a reason",
        "注明原因后查看单个游客的完整信息",
    )
    WAITLIST_JOIN = "waitlist:join", "join, keep or leave a waiting list", "加入、保留或退出候补"
    WAITLIST_READ = "waitlist:read", "see waiting lists", "查看候补名单"
    WINDOW_SALE_CASH_UP = (
        "window_sale:cash_up",
        "count and close one's cash drawer",
        "清点并结算钱箱",
    )
    WINDOW_SALE_CREATE = "window_sale:create", "sell tickets at the window", "窗口售票"
    WINDOW_SALE_REFUND = (
        "window_sale:refund",
        "give the money of a window sale back from one's cash drawer",
        "从本人钱箱退还窗口售票款",
    )
    WINDOW_SALE_REPORT = (
        "window_sale:report",
        "see all cash drawers and daily closes",
        "查看全部钱箱与日结",
    )
    WORK_LOG_COMMENT = "work_log:comment", "comment on a person's work log", "评论下属工作日志"
    WORK_LOG_CONFIRM = "work_log:confirm", "confirm a person's work log", "确认下属工作日志"
    WORK_LOG_CREATE = "work_log:create", "log work", "填写工作日志"
    WORK_LOG_EDIT = "work_log:edit", "correct one's own work log", "更正本人工作日志"
    WORK_LOG_READ = "work_log:read", "see a work log", "查看工作日志"

    @property
    def resource(self) -> str:
        return self.value.partition(":")[0]

    @property
    def action(self) -> str:
        return self.value.partition(":")[2]

    def describe(self, lang: Language) -> str:
        """Say what it allows, in the words that follow "may" or "可以"."""
        return self.zh if lang == "zh" else self.en


BY_NAME = {permission.value: permission for permission in Permission}
RESOURCES = tuple(dict.fromkeys(permission.resource for permission in Permission))
