"""What must hold on every page: no barrier that axe finds, targets for fingers, nothing wider than the window."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

AXE = Axe()
OPTIONS = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}

# Links inside a sentence are exempt, as in WCAG 2.5.8; a box to tick is as large as its label.
_MISFITS = """() => {
  const found = [];
  const seen = element => {
    const box = element.getBoundingClientRect();
    return box.width && box.height && getComputedStyle(element).visibility !== "hidden"
      && !element.closest("[aria-hidden=true], .skip, .hidden-visually")
      && !element.closest("details:not([open]) > :not(summary)");
  };
  const controls = "a[href], button, input:not([type=hidden]), select, textarea, summary";
  for (const element of document.querySelectorAll(controls)) {
    if (!seen(element)) continue;
    if (element.matches("a") && getComputedStyle(element).display === "inline") continue;
    const ticked = element.matches("[type=checkbox], [type=radio]");
    const target = (ticked && element.closest("label")) || element;
    const { width, height } = target.getBoundingClientRect();
    const what = `${element.tagName} ${element.name || ""} ${element.textContent.trim().slice(0, 30)}`;
    if (Math.round(width) < 44 || Math.round(height) < 44) found.push(`${what}: ${width} × ${height}`);
    const typed = element.matches("input, select, textarea");
    if (typed && parseFloat(getComputedStyle(element).fontSize) < 16) {
      found.push(`${what}: a phone zooms in on text below 16 px`);
    }
  }
  const wide = document.documentElement.scrollWidth - window.innerWidth;
  if (wide > 0) found.push(`${wide} px wider than the window`);
  return found;
}"""


def barriers(page: Page) -> list[str]:
    """What axe finds on the page as it stands, one line for each rule."""
    found = AXE.run(page, options=OPTIONS).response["violations"]
    return [f"{rule['id']}: {rule['nodes'][0]['html']}" for rule in found]


def misfits(page: Page) -> list[str]:
    """Targets too small for a finger, text too small for a phone, a page too wide for its window."""
    found: list[str] = page.evaluate(_MISFITS)
    return found
