"""What the dashboards of deploy/grafana ask, with the values of their variables in place."""

import itertools
import json
import re

INTERVALS = {"$__rate_interval": "1m", "$__interval": "1s"}
# The name of what a selector selects.
SELECTED = re.compile(r"([a-zA-Z_:][\w:]*)\{")


def load(folder):
    files = sorted(folder.glob("*.json"))
    assert len(files) == 4, files
    return {file.name: json.loads(file.read_text(encoding="utf-8")) for file in files}


def queries(dashboard):
    """The title and query of every panel that has one."""
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"]


def variables(dashboard):
    return {one["name"]: one for one in dashboard["templating"]["list"] if one["type"] == "query"}


def substituted(query, values):
    """As Grafana does it: the values chosen are alternatives of a regular expression."""
    for interval, length in INTERVALS.items():
        query = query.replace(interval, length)
    for name, chosen in values.items():
        text = chosen if isinstance(chosen, str) else "|".join(re.escape(one).replace("\\", "\\\\") for one in chosen)
        query = query.replace("$" + name, text.replace('"', '\\"'))
    assert "$" not in query, query
    return query


def values_of(prometheus, variable, values):
    """What a variable offers."""
    series, label = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["query"]["query"]).groups()
    return prometheus.get(f"label/{label}/values", **{"match[]": substituted(series, values)})


def objections(dashboard):
    """What Grafana would stumble over."""
    panels = dashboard["panels"]
    if len({panel["id"] for panel in panels}) != len(panels):
        yield "two panels have the same id"
    for one, other in itertools.combinations([panel["gridPos"] for panel in panels], 2):
        if (one["x"] < other["x"] + other["w"] and other["x"] < one["x"] + one["w"]
                and one["y"] < other["y"] + other["h"] and other["y"] < one["y"] + one["h"]):
            yield f"two panels overlap: {one} {other}"
    for panel in panels:
        if panel["gridPos"]["x"] + panel["gridPos"]["w"] > 24:
            yield f"{panel['title']} is too wide"
        if panel["type"] != "text" and not panel["description"]:
            yield f"{panel['title']} does not say what it tells"
