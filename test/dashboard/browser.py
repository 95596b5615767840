"""A headless Chromium that looks at a dashboard."""

import contextlib
import os

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.ui import WebDriverWait

LIMIT_SECONDS = 30


@contextlib.contextmanager
def browser(width=1280, height=900, dark=False):
    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                     "--no-first-run", "--disable-extensions", "--lang=en-GB", "--hide-scrollbars"):
        options.add_argument(argument)
    if dark:
        options.add_argument("--force-dark-mode")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver", log_path=os.devnull), options=options)
    try:
        size(driver, width, height)
        scheme(driver, "dark" if dark else "light")
        yield driver
    finally:
        driver.quit()


def size(driver, width, height):
    """The size of the page itself, also one that no window can have."""
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                           {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600})


def scheme(driver, name):
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia",
                           {"features": [{"name": "prefers-color-scheme", "value": name}]})


def await_true(driver, script, *arguments, limit=LIMIT_SECONDS):
    """Waits until a script returns something true, and returns that."""
    return WebDriverWait(driver, limit, 0.05).until(
        lambda on: on.execute_script(f"return {script}", *arguments), f"never came true: {script}")


def open_dashboard(driver, url, place=""):
    driver.get("about:blank")
    driver.get(url + "/" + place)
    await_true(driver, "document.getElementById('link').textContent === 'live'")


def complaints(driver):
    """What the page or its policy complained of."""
    return [entry["message"] for entry in driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]
