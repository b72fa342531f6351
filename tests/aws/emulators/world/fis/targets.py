"""Which resources a target means: by ARN, tags, filters and parameters, and how many of them."""

import random
import re
from dataclasses import dataclass, field
from typing import Any

from moto.core.resource_tagging import iter_taggable_backends
from moto.ec2.models import ec2_backends
from moto.rds.models import rds_backends


class Unresolvable(Exception):
    """What FIS reports as the reason of a failed experiment."""


@dataclass
class Resource:
    arn: str
    tags: dict[str, str] = field(default_factory=dict)
    # What filters see, as the describing call of the service names it.
    described: dict[str, Any] = field(default_factory=dict)

    @property
    def id(self):
        return re.split("[:/]", self.arn)[-1]


def resolve(account_id, region, target):
    """The resources of one target, in a fixed order but for a choice at random."""
    kind = target["resourceType"]
    found = resources(account_id, region, kind)
    if arns := target.get("resourceArns"):
        # Of kinds that moto does not keep, FIS is believed what the template says.
        known = {resource.arn: resource for resource in found or []}
        found = [known[arn] for arn in arns if arn in known] if found is not None else [Resource(arn) for arn in arns]
    elif found is None:
        raise Unresolvable(f"the emulator keeps no resources of type {kind}; name them by ARN")
    else:
        wanted = target.get("resourceTags") or {}
        found = [r for r in found if all(r.tags.get(key) == value for key, value in wanted.items())]
        for condition in target.get("filters") or []:
            found = [r for r in found if passes(r, condition["path"], condition["values"])]
    for name, value in (target.get("parameters") or {}).items():
        found = [r for r in found if fits(kind, r, name, value)]
    return select(found, target["selectionMode"])


def passes(resource, path, values):
    value = resource.described
    for step in path.split("."):
        if not isinstance(value, dict) or step not in value:
            raise Unresolvable(f"the emulator knows no filter {path}")
        value = value[step]
    return str(value) in values


def fits(kind, resource, name, value):
    """Parameters of targets that narrow the choice."""
    zones = {
        ("aws:rds:cluster", "writerAvailabilityZoneIdentifiers"): "WriterZone",
        ("aws:rds:db", "availabilityZoneIdentifiers"): "AvailabilityZone",
        ("aws:ec2:subnet", "availabilityZoneIdentifier"): "AvailabilityZone",
        ("aws:ec2:subnet", "vpc"): "VpcId",
    }
    if (kind, name) not in zones:
        raise Unresolvable(f"the emulator knows no parameter {name} of targets of type {kind}")
    return resource.described.get(zones[kind, name]) in [part.strip() for part in value.split(",")]


def select(found, mode):
    if mode == "ALL":
        return found
    number = int(re.search(r"\d+", mode)[0])
    if mode.startswith("PERCENT"):
        number = len(found) * number // 100
    return sorted(random.sample(found, min(number, len(found))), key=lambda resource: resource.arn)


def resources(account_id, region, kind):
    """All of a kind. None: moto keeps none of it."""
    if kind in ("aws:ec2:instance", "aws:ec2:spot-instance"):
        living = [i for i in ec2_backends[account_id][region].all_instances() if i._state.name != "terminated"]
        spot = kind == "aws:ec2:spot-instance"
        return [instance(account_id, region, i) for i in living if not spot or i.lifecycle == "spot"]
    if kind == "aws:rds:cluster":
        return [cluster(each) for each in rds_backends[account_id][region].clusters.values()]
    if kind == "aws:rds:db":
        return [database(each) for each in rds_backends[account_id][region].databases.values()]
    if kind == "aws:ec2:subnet":
        by_zone = ec2_backends[account_id][region].subnets.values()
        return [subnet(account_id, region, each) for zone in by_zone for each in zone.values()]
    tagged = {"aws:ec2:ebs-volume": "ec2:volume", "aws:ecs:task": "ecs:task", "aws:lambda:function": "lambda:function"}
    if kind not in tagged:
        return None
    backends = iter_taggable_backends(account_id, region)
    all_tagged = [resource for backend in backends for resource in backend.iter_tagged_resources()]
    return [Resource(r.arn, dict(r.tags)) for r in all_tagged if r.resource_type == tagged[kind]] or None


def instance(account_id, region, found):
    described = {
        "InstanceId": found.id,
        "InstanceType": found.instance_type,
        "State": {"Name": found._state.name},
        "Placement": {"AvailabilityZone": found.placement.availability_zone},
        "SubnetId": found.subnet_id,
        "VpcId": found.vpc_id,
    }
    arn = f"arn:aws:ec2:{region}:{account_id}:instance/{found.id}"
    return Resource(arn, {tag["key"]: tag["value"] for tag in found.get_tags()}, described)


def subnet(account_id, region, found):
    described = {"SubnetId": found.id, "VpcId": found.vpc_id, "AvailabilityZone": found.availability_zone}
    arn = f"arn:aws:ec2:{region}:{account_id}:subnet/{found.id}"
    return Resource(arn, {tag["key"]: tag["value"] for tag in found.get_tags()}, described)


def cluster(found):
    writer = found.writer
    described = {
        "DBClusterIdentifier": found.db_cluster_identifier,
        "Engine": found.engine,
        "Status": found._status,
        "WriterZone": writer.availability_zone if writer else None,
    }
    return Resource(found.arn, {tag["Key"]: tag["Value"] for tag in found.get_tags()}, described)


def database(found):
    described = {
        "DBInstanceIdentifier": found.db_instance_identifier,
        "Engine": found.engine,
        "AvailabilityZone": found.availability_zone,
    }
    return Resource(found.arn, {tag["Key"]: tag["Value"] for tag in found.get_tags()}, described)
