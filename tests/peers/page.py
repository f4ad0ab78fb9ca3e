"""Looks at the page of an ambassador with headless Chromium, while things happen to it.

Run by page.sh, which starts the ambassador and its backends. What the page shows is waited for with
deadlines. Ends with a line that says what was seen, or with the first thing that is not as it ought
to be.
"""
import argparse
import contextlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

TIMEOUT = 120  # seconds; a loaded machine is slow, and what does not come does not come
NASTY = "<script>document.title='owned'</script>\"'><img src=x onerror=document.title='owned'>"
EXTRA = 24  # further frontends; the page folds those beyond 20

# What the page shows, as a person reads it.
LOOK = """
const texts = (node, what) => [...node.querySelectorAll(what)].map(one => one.textContent);
const root = document.documentElement;
return {
    title: document.title,
    live: document.getElementById('live').textContent,
    banners: texts(document, '.banner span').join(' | '),
    facts: texts(document, '#facts dd'),
    titles: [...document.querySelectorAll('#facts dd')].map(one => one.title),
    tiles: Object.fromEntries([...document.querySelectorAll('#tiles > div')].map(one =>
        [one.querySelector('dt').textContent, texts(one, 'dd span, dd small')])),
    frontends: texts(document, '.frontend h2'),
    open: document.querySelectorAll('.frontend[open]').length,
    backends: Object.fromEntries([...document.querySelectorAll('.backends tbody tr')].map(one =>
        [one.querySelector('.address .mono').textContent, {
            state: one.querySelector('.of-state').textContent,
            since: one.querySelector('.since').textContent,
            strip: [...one.querySelectorAll('.strip rect')].map(part => part.className.baseVal),
            numbers: texts(one, '.n')}])),
    events: texts(document, '#events li'),
    strange: document.querySelectorAll('img, iframe, body script:not(:last-of-type)').length,
    graphs: [...document.querySelectorAll('.plot path')].map(one => one.getAttribute('d')),
    wide: [root.scrollWidth, innerWidth],
    back: getComputedStyle(document.body).backgroundColor,
    marker: window.marker,
};
"""


def browser(profile):
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                     "--hide-scrollbars", "--no-first-run", "--window-size=1200,900",
                     f"--user-data-dir={profile}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))


class Page:
    def __init__(self, driver, address):
        self.driver = driver
        self.address = address
        driver.get(address)

    def look(self):
        return self.driver.execute_script(LOOK)

    def until(self, what, good):
        """Looks until it is good; says what was seen last when it never is."""
        deadline = time.monotonic() + TIMEOUT
        while not good(seen := self.look()):
            if time.monotonic() > deadline:
                sys.exit(f"expected {what}; the page shows {json.dumps(seen, indent=1)}")
            time.sleep(0.1)
        return seen

    def wears(self, scheme):
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": scheme}]})

    def is_wide(self, width, height, phone=False):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 2 if phone else 1,
            "mobile": phone})

    def console(self):
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def asked(self):
        """The addresses of all requests of the page, as the network saw them."""
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if (message["method"] == "Network.requestWillBeSent"
                    and message["params"]["documentURL"].startswith(self.address)):
                yield message["params"]["request"]["url"]


def expect(good, what):
    if not good:
        sys.exit(f"expected {what}")


@contextlib.contextmanager
def traffic(front):
    """A steady few connections a second, until the end."""
    over = threading.Event()

    def run():
        while not over.wait(0.02):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://{front}/20000", timeout=5).read()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def brightness(colour):
    return sum(int(part) for part in colour[colour.index("(") + 1:-1].split(",")[:3])


def put(table):
    config = pathlib.Path(os.environ["AMBA_DIR"]) / "config.json"
    other = config.with_name("other.json")
    other.write_text(json.dumps(table))
    other.rename(config)


def is_guarded(address):
    """The browser itself is told to ask nobody else."""
    with urllib.request.urlopen(address, timeout=60) as answer:
        headers = answer.headers
    expect("default-src 'none'" in headers["Content-Security-Policy"]
           and headers["X-Content-Type-Options"] == "nosniff"
           and headers["Referrer-Policy"] == "no-referrer", f"guarding headers: {headers}")


def loads(page, given):
    seen = page.until("both backends, healthy, and traffic", lambda seen: all(
        seen["backends"].get(one, {}).get("state") == "healthy" for one in (given.first, given.second))
        and seen["tiles"]["New per second"][0] not in ("", "0") and len(seen["events"]) > 0
        and seen["live"] == "live")
    expect(seen["frontends"] == ["web"], f"one frontend: {seen}")
    expect(seen["tiles"]["Backends up"] == ["2 / 2", "all healthy"], f"2 of 2: {seen['tiles']}")
    page.until("graphs that are drawn", lambda seen: all(path for path in seen["graphs"]))


def follows_a_death(page, given):
    page.driver.execute_script("window.marker = 'not loaded again'")
    began = time.monotonic()
    os.kill(given.second_pid, signal.SIGKILL)
    page.until("the backend that was killed as unhealthy, with its reason and history", lambda seen:
               seen["backends"][given.second]["state"] in ("unhealthy", "ejected")
               and "unhealthy" in seen["backends"][given.second]["strip"]
               and seen["tiles"]["Backends up"][0] == "1 / 2"
               and any("down" in event for event in seen["events"]))
    return time.monotonic() - began


def has_faces(page, shots):
    page.wears("light")
    light = page.until("a light page", lambda seen: brightness(seen["back"]) > 600)
    page.driver.save_screenshot(str(shots / "light.png"))
    page.wears("dark")
    page.until("a dark page", lambda seen: brightness(seen["back"]) < 200)
    page.driver.save_screenshot(str(shots / "dark.png"))
    page.wears("light")
    page.is_wide(360, 740, phone=True)
    page.until("a page as wide as a phone", lambda seen: seen["wide"] == [360, 360])
    page.driver.save_screenshot(str(shots / "phone.png"))
    page.is_wide(1200, 900)
    expect(light["wide"][0] <= light["wide"][1], f"no scrolling sideways: {light['wide']}")


def follows_a_table(page, given):
    host, port = given.front.split(":")
    frontends = [{"name": "web2", "bind": given.front, "backends": [{"address": given.first}]}]
    for number in range(EXTRA):
        frontends.append({"name": f"more{number}", "bind": f"127.127.3.{number + 1}:{port}",
                          "check": {"type": "off"}, "backends": [{"address": given.first}]})
    subprocess.run([given.amba, "reconfigure", "--wait=60s", "--file", "-"], text=True, check=True,
                   input=json.dumps({"frontends": frontends}), timeout=TIMEOUT, stdout=subprocess.DEVNULL)
    page.until("the new table's frontends", lambda seen: len(seen["frontends"]) == EXTRA + 1
               and seen["frontends"][0] == "web2" and given.second not in seen["backends"])
    seen = page.until("generation 2", lambda seen: "generation 2" in seen["facts"])
    expect(seen["open"] == 20, f"20 frontends unfolded: {seen['open']}")


def takes_nothing_for_html(page, given):
    """Revisions and words that are refused may hold anything."""
    good = {"revision": NASTY, "frontends": [
        {"bind": given.front, "name": "web3", "backends": [{"address": given.first}]}]}
    put(good)
    page.until("a script as the revision, as text",
               lambda seen: seen["frontends"] == ["web3"] and NASTY in seen["titles"])
    put({"revision": NASTY + "2", "frontends": [{**good["frontends"][0], "name": NASTY}]})
    seen = page.until("the reason of the refusal, as text",
                      lambda seen: "rejected" in seen["banners"] and NASTY in seen["banners"]
                      and any("rejected" in event for event in seen["events"]))
    expect(seen["strange"] == 0 and seen["title"] != "owned", f"nothing taken for HTML: {seen}")
    expect(seen["marker"] == "not loaded again", "a page that never loads again")


def says_that_nobody_answers(page, given):
    os.kill(given.amba_pid, signal.SIGTERM)
    page.until("'not answering'", lambda seen: seen["live"] == "not answering"
               and "not answering since" in seen["banners"])
    pathlib.Path(given.stopped).touch()
    page.until("the page to recover by itself", lambda seen: seen["live"] == "live"
               and "not answering" not in seen["banners"] and seen["marker"] == "not loaded again")
    page.until("what the new one refused at its start",
               lambda seen: "rejected" in seen["banners"])


def main():
    parser = argparse.ArgumentParser()
    for name in ("page", "amba", "front", "first", "second", "stopped"):
        parser.add_argument(f"--{name}", required=True)
    for name in ("amba-pid", "second-pid"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--shots", type=pathlib.Path, required=True)
    given = parser.parse_args()

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        driver = browser(profile)
        try:
            is_guarded(given.page)
            page = Page(driver, given.page)
            with traffic(given.front):
                loads(page, given)
                took = follows_a_death(page, given)
                has_faces(page, given.shots)
            follows_a_table(page, given)
            takes_nothing_for_html(page, given)
            expect(not (said := page.console()), f"a silent console, not {said}")
            says_that_nobody_answers(page, given)
            asked = {urllib.parse.urlsplit(url)._replace(query="").geturl() for url in page.asked()
                     if not url.startswith("data:")}
            own = {given.page + path for path in ("", "status", "events")}
            expect(asked == own, f"requests to {own} alone, not to {asked}")
        finally:
            driver.quit()
    print(f"a death is shown after {took:.1f} s; new table, refusal, phone, dark, gone and back")


main()
