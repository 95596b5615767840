"""A Prometheus of the test's own, with the configuration of deploy/prometheus."""

import ctypes
import http.server
import json
import pathlib
import signal
import socket
import subprocess
import threading
import urllib.error
import urllib.parse
import urllib.request

import yaml

TEXT = "text/plain; version=0.0.4; charset=utf-8"
# Of whatever is scraped as text, beside `main`, which is scraped as OpenMetrics.
TEXT_CLUSTER = "text"


PR_SET_PDEATHSIG = 1


def die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def text_proxy(daemon):
    """Asks the daemon for the text format, whatever Prometheus prefers; returns its address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            try:
                with urllib.request.urlopen(f"http://{daemon}{self.path}", timeout=5) as answer:
                    content_type, body = answer.headers["Content-Type"], answer.read()
            except OSError:
                return self.send_error(502)
            if content_type != TEXT:
                return self.send_error(502, content_type)
            self.send_response(200)
            self.send_header("Content-Type", content_type)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"127.0.0.1:{server.server_port}"


def configuration(shipped, daemon, proxy):
    """The shipped configuration with this daemon's address, quicker, and each job as text too."""
    config = yaml.safe_load(shipped.read_text())
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = [str(shipped.parent / file) for file in config["rule_files"]]
    jobs = config["scrape_configs"]
    for job in jobs:
        for group in job["static_configs"]:
            group["targets"] = [daemon]
    as_text = yaml.safe_load(yaml.safe_dump(jobs))
    for job in as_text:
        job["job_name"] += "_text"
        for group in job["static_configs"]:
            group["targets"] = [proxy]
            group["labels"] = {"cluster": TEXT_CLUSTER}
    config["scrape_configs"] = jobs + as_text
    return config


class Prometheus:
    def __init__(self, shipped, daemon, directory):
        directory = pathlib.Path(directory)
        self.url = f"http://127.0.0.1:{free_port()}"
        config = configuration(pathlib.Path(shipped), daemon, text_proxy(daemon))
        (directory / "prometheus.yml").write_text(yaml.safe_dump(config))
        self.log = directory / "prometheus.log"
        self.targets = len(config["scrape_configs"])
        with open(self.log, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                ["prometheus", f"--config.file={directory}/prometheus.yml", f"--storage.tsdb.path={directory}/data",
                 f"--web.listen-address={self.url.removeprefix('http://')}"], stdout=log, stderr=log,
                preexec_fn=die_with_parent)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def get(self, path, **parameters):
        """The data of an answer; what Prometheus says is wrong is raised."""
        asked = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(asked, timeout=20) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as refused:
            raise ValueError(refused.read().decode()) from refused

    def query(self, expression):
        """The samples of an expression at this moment, without those that are no number."""
        found = self.get("query", query=expression)["result"]
        return [one for one in found if one["value"][1] != "NaN"]

    def scrapes(self):
        """Whether all that is to be scraped was, without an error."""
        try:
            targets = self.get("targets")["activeTargets"]
        except (OSError, ValueError):
            return False
        return len(targets) == self.targets and all(t["health"] == "up" and not t["lastError"] for t in targets)
