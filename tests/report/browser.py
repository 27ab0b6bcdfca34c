"""Reports in a headless Chromium: each in frames of several widths, measured from outside.

A frame's document is given as text (``srcdoc``), so that the page around it may look inside while the report's own
policy, which allows no script, stays in force. What the browser prints to its console is on its standard error.
"""

import html
import json
import re
import shutil
import subprocess
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
LEAST_TEXT, LEAST_CONTRAST = 9.0, 4.5
_LOOK = """
const found = [];
const ours = /\\brgba?\\(([^)]+)\\)/;
const parts = text => (text.match(ours) || [, "0,0,0,0"])[1].split(",").map(Number);
const linear = v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
const light = ([r, g, b]) => 0.2126 * linear(r / 255) + 0.7152 * linear(g / 255) + 0.0722 * linear(b / 255);
function behind(element, view) {
  for (let e = element; e; e = e.parentElement) {
    const colour = parts(view.getComputedStyle(e).backgroundColor);
    if (colour.length < 4 || colour[3] > 0) return colour;
  }
  return [255, 255, 255];
}
function contrast(a, b) {
  const [low, high] = [light(a), light(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}
function look(frame) {
  const page = frame.contentDocument, view = frame.contentWindow, width = page.documentElement.clientWidth;
  const tell = what => found.push(`${frame.dataset.name}, ${frame.dataset.width} px: ${what}`);
  const words = e => e.textContent.trim().slice(0, 40);
  page.querySelectorAll("details").forEach(e => { e.open = true; });
  if (page.documentElement.scrollWidth > width) tell(`wider than the window: ${page.documentElement.scrollWidth}`);
  for (const e of page.querySelectorAll("body *")) {
    const box = e.getBoundingClientRect();
    const beyond = box.right > width + 1 && !e.closest(".scroll, pre, svg, .skip");
    if (beyond) tell(`<${e.tagName}> beyond the edge: ${words(e)}`);
  }
  const texts = page.createTreeWalker(page.body, NodeFilter.SHOW_TEXT);
  const seen = new Set();
  while (texts.nextNode()) {
    const e = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || e.closest("style, title, desc, .skip") || seen.has(e)) continue;
    seen.add(e);
    const style = view.getComputedStyle(e), svg = e.closest("svg");
    let size = parseFloat(style.fontSize);
    if (svg) size *= svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
    if (size < LEAST_TEXT - 0.01) tell(`text of ${size.toFixed(2)} px: ${words(e)}`);
    const ratio = contrast(parts(svg ? style.fill : style.color), behind(e, view));
    if (ratio < LEAST_CONTRAST) tell(`contrast ${ratio.toFixed(2)}: ${words(e)}`);
  }
  for (const e of page.querySelectorAll("a[href], summary, [tabindex]")) {
    e.focus();
    const style = view.getComputedStyle(e);
    if (page.activeElement !== e) tell(`cannot be focused: ${words(e)}`);
    else if (style.outlineStyle === "none" && !e.classList.contains("skip")) tell(`focus is not seen: ${words(e)}`);
  }
  for (const e of page.querySelectorAll(".scroll"))
    if (e.scrollWidth > e.clientWidth + 1 && view.getComputedStyle(e).overflowX !== "auto") tell("does not scroll");
}
"""


def find() -> str | None:
    """The browser's path, or None."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def inspect(browser: str, pages: dict[str, str], folder: Path, widths: tuple[int, ...], dark: bool) -> list[str]:
    """What is wrong with reports, in sentences: overflow, small or faint text, hidden focus, errors in the console.

    Args:
        browser: path of a Chromium.
        pages: HTML by name.
        folder: for the browser's files.
        widths: of the frames, in CSS pixels.
        dark: whether the reader prefers dark pages.
    """
    frames = "\n".join(
        f'<iframe data-name="{name}" data-width="{width}" style="width: {width}px; height: 800px; border: 0" '
        f'srcdoc="{html.escape(text)}"></iframe>'
        for name, text in pages.items()
        for width in widths
    )
    limits = f"const LEAST_TEXT = {LEAST_TEXT}, LEAST_CONTRAST = {LEAST_CONTRAST};"
    script = f"{limits}{_LOOK} addEventListener('load', () => {{ document.querySelectorAll('iframe').forEach(look); "
    script += "document.body.textContent = 'FOUND' + JSON.stringify(found) + 'END'; });"
    scheme = '<meta name="color-scheme" content="light dark">'
    wrapper = folder / "frames.html"
    wrapper.write_text(f"<!DOCTYPE html><meta charset=utf-8>{scheme}<script>{script}</script><body>{frames}</body>")
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", "--enable-logging=stderr"]
    command += [f"--user-data-dir={folder / 'profile'}", f"--blink-settings=preferredColorScheme={0 if dark else 1}"]
    run = subprocess.run([*command, wrapper.as_uri()], capture_output=True, text=True, timeout=180)
    told = re.search(r"FOUND(\[.*\])END", run.stdout, re.DOTALL)
    if told is None:
        raise RuntimeError(f"{browser} measured nothing: {run.stderr[-500:]}")
    console = [line for line in run.stderr.splitlines() if "CONSOLE" in line]
    return json.loads(html.unescape(told[1])) + console
