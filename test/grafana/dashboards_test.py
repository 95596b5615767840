"""Every query of every dashboard finds something in a Prometheus that scrapes a daemon at work.

DAEMON is the daemon's address, DATABASE how to connect to its database, DEPLOY the folder deploy/.
"""

import os
import pathlib
import subprocess
import tempfile
import time

import dashboards
from prometheus import Prometheus, TEXT_CLUSTER

CLUSTERS = ["main", TEXT_CLUSTER]
DEPLOY = pathlib.Path(os.environ["DEPLOY"])


def eventually(condition, limit, meanwhile=lambda: None):
    """Waits until a list of complaints is empty; returns what is left of it."""
    deadline = time.monotonic() + limit
    while (left := condition()) and time.monotonic() < deadline:
        meanwhile()
        time.sleep(0.1)
    return left


def sql(statement):
    subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", os.environ["DATABASE"]],
                   input=statement, text=True, check=True, stdout=subprocess.DEVNULL)


def something_happens():
    """What each panel tells of. Prometheus looks already: a counter that rose before has no rate."""
    sql("""
      SELECT pgtrickle.snapshot_stream_table('shop.revenue');
      INSERT INTO shop.orders VALUES (-1, 1, 0);
    """)


def goes_on():
    sql("INSERT INTO shop.orders SELECT max(id) + 1, 1, 5 FROM shop.orders; SELECT pgtrickle.ping()")


def complaint(prometheus, query):
    """What is wrong with a query; empty: nothing."""
    try:
        known = set(prometheus.get("label/__name__/values"))
        unknown = [name for name in dashboards.SELECTED.findall(query) if name not in known]
        if unknown:
            return f"no series {unknown}: {query}"
        return "" if prometheus.query(query) else f"nothing: {query}"
    except ValueError as error:
        return f"{error}: {query}"


def choices(prometheus, dashboard):
    """The values of the variables: all there are, and those of each cluster."""
    offered = dashboards.variables(dashboard)
    everything = {name: variable["allValue"] for name, variable in offered.items()}
    yield everything
    for cluster in CLUSTERS:
        values = dict(everything, cluster=[cluster])
        for name, variable in offered.items():
            found = dashboards.values_of(prometheus, variable, values)
            if name == "cluster":
                assert found == CLUSTERS, found
            else:
                values[name] = found
        yield values


def all_queries(prometheus):
    for name, dashboard in dashboards.load(DEPLOY / "grafana" / "dashboards").items():
        for values in choices(prometheus, dashboard):
            for title, query in dashboards.queries(dashboard):
                yield f"{name}, {title}", dashboards.substituted(query, values)


def check_formats(prometheus):
    """The one format has what the other has; only OpenMetrics says since when counters count."""
    def names(cluster):
        return {one["metric"]["__name__"]
                for one in prometheus.query(f'count by (__name__) ({{cluster="{cluster}", __name__=~"pgtrickle_.*"}})')}

    created = {name for name in names("main") if name.endswith("_created")}
    assert {"pgtrickle_refresh_duration_seconds_created", "pgtrickle_lag_seconds_created",
            "pgtrickle_calls_created"} <= created, created
    assert names("main") - created == names(TEXT_CLUSTER), names("main") ^ names(TEXT_CLUSTER)
    down = prometheus.query('min_over_time(up{job=~"pgtrickle.*"}[1h]) == 0')
    assert not down, f"a scrape failed: {down}"


def check(prometheus):
    def looks():
        clusters = prometheus.scrapes() and prometheus.get(
            "label/cluster/values", **{"match[]": "pgtrickle_cluster_report_age_seconds"})
        return [] if clusters == CLUSTERS else f"scraped: {clusters}; {prometheus.log.read_text()}"

    left = eventually(looks, 60)
    assert not left, left
    something_happens()

    def complaints():
        return [f"{where}: {what}" for where, query in all_queries(prometheus)
                if (what := complaint(prometheus, query))]

    left = eventually(complaints, 120, goes_on)
    assert not left, "\n".join(left)
    check_formats(prometheus)
    for where, query in all_queries(prometheus):
        for name in set(dashboards.SELECTED.findall(query)):
            assert complaint(prometheus, query.replace(name + "{", name[:-1] + "{")), f"{where} bears a wrong name: {query}"


def main():
    for name, dashboard in dashboards.load(DEPLOY / "grafana" / "dashboards").items():
        objections = list(dashboards.objections(dashboard))
        assert not objections, (name, objections)
    with tempfile.TemporaryDirectory() as directory:
        with Prometheus(DEPLOY / "prometheus" / "prometheus.yml", os.environ["DAEMON"], directory) as prometheus:
            check(prometheus)


main()
