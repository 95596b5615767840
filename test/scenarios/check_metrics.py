"""Usage: check_metrics.py PORT SCRAPES STATE

Scrapes /metrics and /metrics/cluster of a daemon on this host, in both formats,
and fails where a strict parser of OpenMetrics or promtool objects, a family is
not declared as it should be, or a counter or histogram has fallen since an
earlier scrape without telling that it began anew. STATE is a file in which one
run remembers for the next. Prints how often it scraped each page as OpenMetrics.
Exits with 3 while nobody answers.
"""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request

from prometheus_client.openmetrics.parser import text_string_to_metric_families

OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
TEXT = "text/plain; version=0.0.4; charset=utf-8"
# What may not fall.
RISING = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum")}
# By how much the clocks of the programs may seem to differ.
TOLERANCE = 1


def scrape(port, path, accept):
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}", headers={"Accept": accept})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.headers["Content-Type"], answer.read().decode("utf-8")


def text_of(labels, but=()):
    return json.dumps(sorted(item for item in labels.items() if item[0] not in but))


def rising(family):
    """The samples that may not fall: name and labels, since when, value."""
    since = {text_of(sample.labels): sample.value
             for sample in family.samples if sample.name.endswith("_created")}
    for sample in family.samples:
        if sample.name.endswith(RISING.get(family.type, ("nothing",))):
            yield (sample.name + text_of(sample.labels),
                   since.get(text_of(sample.labels, but=("le",)), 0), sample.value)


def check_beginnings(families):
    """Histograms are the daemon's own: they began with it or later."""
    started = [sample.value for family in families for sample in family.samples
               if sample.name == "pgtrickle_start_timestamp_seconds"]
    for family in families:
        for name, since, _ in rising(family):
            assert since or family.type != "histogram", f"{name} does not tell since when"
            assert not since or started[0] - TOLERANCE <= since <= time.time() + TOLERANCE, (name, since, started)


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
        for name, since, value in rising(family):
            before, least = kept.get(name, (0, 0))
            assert since >= before, f"{name} began at {before}, now at {since}"
            assert value >= least or since > before, f"{name} fell from {least} to {value}"
            kept[name] = since, value
    check_beginnings(families)


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
    done, wanted = 0, int(scrapes)
    # A daemon that has just started shows no counters of its databases yet.
    needed = "refreshes" if wanted > 1 else ""
    deadline = time.monotonic() + 20
    while done < wanted or not any(needed in name for name in kept):
        assert done < wanted or time.monotonic() < deadline, "no counter of refreshes"
        done += 1
        for page in pages:
            check(port, page, kept)
    for page in pages:
        check_text(port, page)
    with open(state, "w", encoding="utf-8") as file:
        json.dump(kept, file)
    print(done)


try:
    main()
except (urllib.error.URLError, ConnectionError):
    sys.exit(3)
