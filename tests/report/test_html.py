"""The HTML report: read by a parser always, and by a browser where there is one."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from keyguard.model import ScanResult
from tests.report import results
from tests.report.written import written

CASES: dict[str, Callable[[], ScanResult]] = {
    "none": results.none,
    "nothing but unread": lambda: results.none(unread=results.every().unread),
    "one": results.one,
    "every": results.every,
    "hostile": results.hostile,
    "a thousand": lambda: results.many(1_000),
}

VOID = {"meta", "input", "br", "link", "img", "hr"}
ELEMENTS = {
    *(
        "html head meta title style body script div header main section footer p b strong span code a h1 h2 h3 h4"
    ).split(),
    *("ul ol li dl dt dd table thead tbody tr th td details summary svg rect line text input select option").split(),
    *("label output").split(),
}


class Page(HTMLParser):
    """A page's elements, in order, and whether each is closed where it should be."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.faults: list[str] = []
        self.words: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def handle_comment(self, data: str) -> None:
        self.faults.append(f"a comment: {data}")

    def named(self, *tags: str) -> list[dict[str, str]]:
        return [attributes for tag, attributes in self.elements if tag in tags]


@pytest.fixture(scope="module", params=CASES)
def page(request: pytest.FixtureRequest) -> Page:
    return Page(written("html", CASES[request.param]()))


def test_every_element_is_closed_and_none_but_our_own_is_there(page: Page) -> None:
    foreign = {tag for tag, _ in page.elements} - ELEMENTS

    assert (page.faults, page.open, foreign) == ([], [], set())


def test_nothing_is_loaded_from_anywhere(page: Page) -> None:
    loading = {"src", "srcset", "data", "action", "formaction", "poster", "background", "xlink:href", "ping", "style"}
    attributes = [name for _, held in page.elements for name in held]

    assert [name for name in attributes if name in loading or name.startswith("on")] == []


def test_the_policy_allows_nothing_but_the_pages_own_style_and_script(page: Page) -> None:
    policy = next(meta["content"] for meta in page.named("meta") if "http-equiv" in meta)

    assert re.fullmatch(
        r"default-src 'none'; style-src 'sha256-[^']+'; script-src 'sha256-[^']+'; base-uri 'none'; form-action 'none'",
        policy,
    )


def test_links_lead_within_the_page_or_to_the_web(page: Page) -> None:
    places = [attributes["href"] for attributes in page.named("a")]
    ids = {f"#{held['id']}" for _, held in page.elements if "id" in held}

    assert [href for href in places if not href.startswith("https://") and href not in ids] == []


def test_an_id_stands_once(page: Page) -> None:
    ids = Counter(held["id"] for _, held in page.elements if "id" in held)

    assert [name for name, times in ids.items() if times > 1] == []


def test_headings_step_down_one_at_a_time(page: Page) -> None:
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]

    assert levels[0] == 1
    assert [(a, b) for a, b in pairwise(levels) if b > a + 1] == []


def test_who_does_not_see_is_told_what_each_control_and_picture_is(page: Page) -> None:
    controls = [held for held in page.named("input", "select") if held.get("type") != "checkbox"]
    pictures = page.named("svg")

    assert [held for held in controls if not held.get("aria-label")] == []
    assert [p for p in pictures if not (p.get("aria-label") or p.get("aria-hidden") or not p)] == []
    assert page.named("html") == [{"lang": "en"}]


def test_names_of_the_repository_are_text() -> None:
    page = Page(written("html", results.hostile()))
    text = "".join(page.words)

    assert "<script>alert(1)</script>.py" in text
    assert len(page.named("script")) == 1
    assert not any(character in text for character in "\x1b\x00\u202e\udcff")


def test_a_page_says_that_it_is_not_the_whole() -> None:
    text = " ".join(Page(written("html", CASES["nothing but unread"]())).words)

    assert "No keys found, but not everything was seen" in text


@pytest.mark.parametrize("case", CASES)
def test_a_browser_shows_it_at_desktop_and_phone_width(case: str, tmp_path: Path) -> None:
    """At neither width is anything cut off; the script runs under the page's own policy, and filters.

    Where there is no browser nothing is shown, and what the parser said of the page above stands alone.
    """
    result = CASES[case]()
    page = written("html", result)

    seen = [_seen(browser, page, tmp_path) for browser in _browsers()]

    keys = len(result.findings)
    width = {"overflow": 0, "rows": keys, "buttons": 6 if keys else 0, "filtered": 0, "sorted": keys}
    assert seen == [{"1200": width, "390": width}] * len(seen)


def _browsers() -> list[str]:
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    return [path for path in map(shutil.which, names) if path][:1]


_PROBE = """
const probe = (frame) => {
  const page = frame.contentDocument;
  const rows = () => [...page.querySelectorAll("#keys tbody tr")].filter((row) => row.getClientRects().length).length;
  const told = {
    overflow: Math.max(0, page.documentElement.scrollWidth - frame.clientWidth),
    rows: rows(),
    buttons: page.querySelectorAll("#keys th button").length,
  };
  const words = page.getElementById("words");
  const search = (text) => { words.value = text; words.dispatchEvent(new Event("input")); };
  if (words) search("no key has these words");
  told.filtered = rows();
  if (words) search("");
  page.querySelectorAll("#keys th button").forEach((button) => button.click());
  told.sorted = rows();
  return told;
};
window.onload = () => {
  const told = {};
  for (const frame of document.querySelectorAll("iframe")) told[frame.id] = probe(frame);
  const pre = document.createElement("pre");
  pre.textContent = JSON.stringify(told);
  document.body.replaceChildren(pre);
};
"""


def _seen(browser: str, page: str, folder: Path) -> object:
    """What a browser makes of the page, in a wide and in a narrow frame."""
    frames = "".join(
        f'<iframe id="{width}" style="width:{width}px;height:800px;border:0" srcdoc="{html.escape(page)}"></iframe>'
        for width in (1200, 390)
    )
    outer = folder / "outer.html"
    outer.write_text(f"<!doctype html><meta charset=utf-8><body>{frames}<script>{_PROBE}</script>", encoding="utf-8")
    quiet = "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking"
    quiet += " --disable-component-update --disable-sync --disable-dev-shm-usage --dump-dom"
    profile = f"--user-data-dir={folder / 'profile'}"
    command = [browser, *quiet.split(), profile, "--virtual-time-budget=20000", outer.as_uri()]
    done = subprocess.run(command, capture_output=True, timeout=120, check=True, encoding="utf-8")
    found = re.search(r"<pre>(.*?)</pre>", done.stdout, re.DOTALL)
    return json.loads(html.unescape(found[1])) if found else done.stdout[-400:]
