"""Reads what was exported, with implementations that are not ours, and writes JSON."""

import base64
import json
import sys

from google.protobuf import json_format


def message(kind):
    if kind == "traces":
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

        return ExportTraceServiceRequest()
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

    return ExportMetricsServiceRequest()


def protobuf(kind, path):
    read = message(kind)
    with open(path, "rb") as file:
        read.ParseFromString(file.read())
    return read


def ids_as_bytes(value):
    """OTLP's JSON has ids in hexadecimal, where protobuf's has base64."""
    if isinstance(value, list):
        return [ids_as_bytes(entry) for entry in value]
    if isinstance(value, dict):
        ids = ("traceId", "spanId", "parentSpanId")
        return {
            key: base64.b64encode(bytes.fromhex(entry)).decode() if key in ids else ids_as_bytes(entry)
            for key, entry in value.items()
        }
    return value


def main():
    what, *paths = sys.argv[1:]
    if what == "openmetrics":
        from prometheus_client.openmetrics.parser import text_fd_to_metric_families

        with open(paths[0], encoding="utf-8") as file:
            families = {
                family.name: {
                    "type": family.type,
                    "unit": family.unit,
                    "help": family.documentation,
                    "samples": len(family.samples),
                }
                for family in text_fd_to_metric_families(file)
            }
        json.dump(families, sys.stdout)
        return
    kind, encoding = what.split("-")
    if encoding == "protobuf":
        read = protobuf(kind, paths[0])
        json.dump(json_format.MessageToDict(read, use_integers_for_enums=True), sys.stdout)
    else:
        # Unknown fields are errors here; the same message must come of both encodings.
        with open(paths[1], "rb") as file:
            spelled = json_format.ParseDict(ids_as_bytes(json.load(file)), message(kind))
        json.dump(spelled == protobuf(kind, paths[0]), sys.stdout)


main()
