"""Usage: check_fuzzed_expositions.py PROGRAM FIRST NUMBER

Has a strict parser of OpenMetrics read what PROGRAM (fuzzed_expositions) writes. Whatever
stands in names and labels, each metric has to come back with its number, in its label
and, but for an info, as its value.
"""

import subprocess
import sys

from prometheus_client.openmetrics.parser import text_string_to_metric_families

VALUE = {"counter": "_total", "gauge": "", "histogram": "_count", "info": "_info"}


def complaint(text, metrics):
    """What is wrong with an exposition; empty: nothing."""
    found = 0
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name != family.name + VALUE[family.type]:
                continue
            found += 1
            expected = 1 if family.type == "info" else float(sample.labels["id"])
            if sample.value != expected and family.name[-5:] != "_info":
                return f"{sample} has another value"
    return "" if found == metrics else f"{found} of {metrics} metrics"


def main():
    program, first, number = sys.argv[1:]
    output = subprocess.run([program, first, number], stdout=subprocess.PIPE, check=True).stdout
    checked = 0
    while output:
        line, output = output.split(b"\n", 1)
        seed, metrics, size = map(int, line.split())
        text, output = output[:size].decode("utf-8"), output[size:]
        try:
            wrong = complaint(text, metrics)
        except ValueError as error:
            wrong = f"the parser objects: {error!r}"
        assert not wrong, f"seed {seed}: {wrong}\n{text}"
        checked += 1
    assert checked == int(number), f"{checked} expositions"


main()
