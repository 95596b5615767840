"""What SQL says, by psql; and what the API says."""

import json
import os
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

URL = os.environ["DASHBOARD_URL"]
CONNINFO = os.environ["DASHBOARD_DATABASE"]


def sql(statement):
    """The rows of a statement, each a list of texts."""
    done = subprocess.run(["psql", "-X", "-q", "-A", "-t", "-F", "\x1f", "-v", "ON_ERROR_STOP=1", "-d", CONNINFO],
                          input=statement, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return [line.split("\x1f") for line in done.stdout.splitlines()]


def value(statement):
    return sql(statement)[0][0]


def get(path, method="GET", headers=None, body=None):
    """Status, headers and text of an answer."""
    asked = urllib.request.Request(URL + path, method=method, headers=headers or {}, data=body)
    try:
        with urllib.request.urlopen(asked, timeout=20) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.headers, refused.read().decode()


def status():
    return json.loads(get("/api/v1/status")[2])


def stream_table(name, database="app"):
    path = f"/api/v1/stream_tables/{urllib.parse.quote(database, safe='')}/{urllib.parse.quote(name, safe='')}"
    return get(path)


def eventually(condition, limit=20):
    """Waits for something true, and returns that."""
    deadline = time.monotonic() + limit
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError("it did not come true")
        time.sleep(0.05)
