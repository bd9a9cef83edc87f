from portal.core.i18n import _l, set_language
from portal.web.actor import Actor
from portal.web.menu import ADMINISTRATION, VISITORS, MenuItem, menu_for
from rbac.permissions import Permission

DIRECTOR = Actor("director", person_id=1)
ITEMS = (
    MenuItem(ADMINISTRATION, _l("Settings"), "/settings", Permission.SETTINGS_READ),
    MenuItem(VISITORS, _l("Ticket window"), "/window", Permission.ORDER_LIST),
    MenuItem(VISITORS, _l("Drawers"), "/window/drawers", Permission.WINDOW_SALE_REPORT),
    MenuItem(VISITORS, _l("Audit trail"), "/audit", Permission.AUDIT_TRAIL_READ),
)


def test_the_menu_shows_what_the_policy_lets_in_visitors_first() -> None:
    set_language("en")
    groups = menu_for(DIRECTOR, ITEMS, "/desk")
    assert [group.label for group in groups] == ["Visitors", "Administration"]
    assert [item.label for item in groups[0].items] == ["Ticket window", "Drawers"]


def test_one_entry_is_marked_the_one_that_leads_nearest_to_the_page() -> None:
    groups = menu_for(DIRECTOR, ITEMS, "/window/drawers/3")
    assert [item.url for group in groups for item in group.items if item.active] == [
        "/window/drawers"
    ]
