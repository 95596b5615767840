"""The compose file is one that docker-compose takes, what it names exists, and Grafana's provisioning fits it.

DEPLOY is the folder deploy/.
"""

import os
import pathlib
import re
import subprocess

import yaml

DEPLOY = pathlib.Path(os.environ["DEPLOY"])
# A variable that Grafana replaces when it reads a file of its provisioning.
VARIABLE = re.compile(r"\$\{(\w+)\}")


def services():
    shown = subprocess.run(["docker-compose", "-f", str(DEPLOY / "compose.yaml"), "config"],
                           env=dict(os.environ, POSTGRES_PASSWORD="secret"), capture_output=True, text=True, check=False)
    assert shown.returncode == 0, shown.stderr
    return yaml.safe_load(shown.stdout)["services"]


def mounts(service):
    """What a service sees of this folder: the path here by the path there."""
    for volume in service.get("volumes", []):
        source, there = (volume["source"], volume["target"]) if isinstance(volume, dict) else volume.split(":")[:2]
        if source.startswith("/"):
            yield there, pathlib.Path(source)


def check_paths(all_services):
    for name, service in all_services.items():
        for there, here in mounts(service):
            assert here.exists(), f"{name} mounts {here} as {there}"
        if "build" in service:
            dockerfile = pathlib.Path(service["build"]["context"]) / service["build"]["dockerfile"]
            assert dockerfile.is_file(), f"{name} is built by {dockerfile}"


def check_provisioning(grafana):
    """Each file takes the variables that there are, and what they name is where it is mounted."""
    seen = dict(mounts(grafana))
    provisioning = seen["/etc/grafana/provisioning"]
    for file in provisioning.glob("*/*.yaml"):
        text = file.read_text()
        unknown = set(VARIABLE.findall(text)) - set(grafana["environment"])
        assert not unknown, f"{file} needs {unknown}"
        assert yaml.safe_load(text)["apiVersion"] == 1
    provider, = yaml.safe_load((provisioning / "dashboards" / "pgtrickle.yaml").read_text())["providers"]
    path = VARIABLE.sub(lambda found: grafana["environment"][found[1]], provider["options"]["path"])
    assert len(list(seen[path].glob("*.json"))) == 4, path


def main():
    all_services = services()
    assert set(all_services) == {"postgres", "nats", "pgtrickled", "prometheus", "grafana"}
    check_provisioning(all_services["grafana"])
    assert (dict(mounts(all_services["prometheus"]))["/etc/prometheus"] / "prometheus.yml").is_file()
    check_paths(all_services)


main()
