"""What the design of every report promises, measured in a headless Chromium."""

import pytest

from limes.report import render
from report import browser
from report.made_up import MAKERS, made

pytestmark = pytest.mark.slow
WIDTHS = (320, 390, 820, 1400)  # a desktop at 400 %, a phone, a tablet or a desktop at 150 %, a desktop


@pytest.fixture(scope="module")
def chromium():
    return browser.find() or pytest.skip(f"needs one of {', '.join(browser.NAMES)}")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_reports_fit_are_legible_and_say_nothing_on_the_console(chromium, tmp_path, dark):
    pages = {name: render(made(name)[0]) for name in MAKERS}
    assert browser.inspect(chromium, pages, tmp_path, WIDTHS, dark) == []


BAD = """<!DOCTYPE html><html lang="en">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>:focus { outline: none } .far { width: 900px }</style>
<p style="font-size: 8px">small</p><p style="color: #999">faint</p><p class="far">far</p><a href="#x">hidden</a>
<img src="https://nowhere.invalid/x.png" alt=""><script>1</script></html>"""


def test_the_browser_sees_what_is_wrong(chromium, tmp_path):
    found = " ".join(browser.inspect(chromium, {"bad": BAD}, tmp_path, (390,), dark=False))
    for word in ("wider than the window", "text of 8.00 px: small", "contrast 2.8", "beyond the edge: far"):
        assert word in found
    for word in ("focus is not seen: hidden", "Loading the image", "Executing inline script"):
        assert word in found
