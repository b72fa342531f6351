"""Prints what junitparser reads in the files that are named, as JSON."""

import json
import sys

from junitparser import JUnitXml, TestSuite


def case(found):
    return {
        "name": found.name,
        "classname": found.classname,
        "time": found.time,
        "results": [[type(result).__name__, result.type, result.message] for result in found.result],
        # It has classes for them only in its Surefire flavour.
        "reruns": [child.tag for child in found._elem if child.tag.startswith(("flaky", "rerun"))],
    }


def suite(found):
    return {
        "name": found.name,
        "tests": found.tests,
        "failures": found.failures,
        "errors": found.errors,
        "skipped": found.skipped,
        "time": found.time,
        "properties": {each.name: each.value for each in found.properties()},
        "cases": [case(each) for each in found],
    }


def suites(path):
    read = JUnitXml.fromfile(path)
    return [read] if isinstance(read, TestSuite) else list(read)


json.dump([suite(each) for path in sys.argv[1:] for each in suites(path)], sys.stdout)
