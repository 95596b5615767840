"""Usage: check_metrics.py PORT SCRAPES STATE

Scrapes /metrics and /metrics/cluster of a daemon on this host, in both formats,
and fails where a strict parser of OpenMetrics or promtool objects, a family is
not declared as it should be, or a counter that a database keeps has fallen since
an earlier scrape. STATE is a file in which one run remembers for the next. Exits
with 3 while nobody answers.
"""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request

from prometheus_client.openmetrics.parser import text_string_to_metric_families

OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
TEXT = "text/plain; version=0.0.4; charset=utf-8"


def scrape(port, path, accept):
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}", headers={"Accept": accept})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.headers["Content-Type"], answer.read().decode("utf-8")


def counters(families):
    """The samples that may not fall, by their names and labels."""
    for family in families:
        if family.type not in ("counter", "histogram"):
            continue
        began = any(sample.name.endswith("_created") for sample in family.samples)
        if began:
            continue
        for sample in family.samples:
            if sample.name.endswith("_total"):
                yield sample.name + json.dumps(sorted(sample.labels.items())), sample.value


def check(port, path, kept):
    content_type, text = scrape(port, path, "application/openmetrics-text")
    assert content_type == OPENMETRICS, content_type
    families = list(text_string_to_metric_families(text))
    names = [family.name for family in families]
    assert len(names) == len(set(names)), "a family comes twice"
    for family in families:
        assert family.documentation and family.type, family.name
        if any("db_oid" in sample.labels for sample in family.samples):
            assert all("db_name" in sample.labels for sample in family.samples), family.name
    for name, value in counters(families):
        assert value >= kept.get(name, 0), f"{name} fell from {kept[name]} to {value}"
        kept[name] = value


def check_text(port, path):
    content_type, text = scrape(port, path, "")
    assert content_type == TEXT, content_type
    promtool = subprocess.run(["promtool", "check", "metrics"], input=text,
                              text=True, capture_output=True, check=False)
    assert promtool.returncode == 0 and not promtool.stderr, promtool.stderr


def main():
    port, scrapes, state = sys.argv[1:]
    kept = {}
    if os.path.exists(state):
        with open(state, encoding="utf-8") as file:
            kept = json.load(file)
    pages = ["/metrics", "/metrics/cluster"]
    for _ in range(int(scrapes)):
        for page in pages:
            check(port, page, kept)
    for page in pages:
        check_text(port, page)
    assert any("refreshes" in name for name in kept), "no counter of refreshes"
    with open(state, "w", encoding="utf-8") as file:
        json.dump(kept, file)


try:
    main()
except (urllib.error.URLError, ConnectionError):
    sys.exit(3)
