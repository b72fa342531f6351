"""What the actions do to moto's own EC2 and RDS.

An action is a function of what it acts on and a `pause`, which sleeps AWS's seconds and raises Stopped as soon as the
experiment is being stopped. What it must put right whatever happens (FIS: post actions) stands in a `finally`.
"""

import re

from moto.ec2.models import ec2_backends
from moto.rds.models import rds_backends

from ..account import accounts
from ..rds import NoFailover, fail_over, reboot


class Stopped(Exception):
    """The experiment is being stopped."""


class ActionFailed(Exception):
    """The action failed, for this reason."""


def seconds(duration):
    """An ISO 8601 duration, as FIS takes them: PT1M, PT1H30M, PT90S."""
    found = re.match(r"^PT(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?$", duration or "")
    if not found:
        raise ActionFailed(f"invalid duration: {duration}")
    hours, minutes, rest = (int(part or 0) for part in found.groups())
    return hours * 3600 + minutes * 60 + rest


class Scene:
    """What an action acts on."""

    def __init__(self, account_id, region, targets, parameters, pause):
        self.account = accounts[account_id]
        self.region = region
        self.targets = targets
        self.parameters = parameters
        self.pause = pause
        self.ec2 = ec2_backends[account_id][region]
        self.rds = rds_backends[account_id][region]

    def on(self, key):
        if key not in self.targets:
            raise ActionFailed(f"the action needs a target {key}")
        return self.targets[key]


def terminate(scene):
    for resource in scene.on("Instances"):
        scene.ec2.terminate_instances([resource.id])
        scene.account.effect("terminated", resource.id)
    scene.pause(scene.account.terminate_takes * scene.account.speed)


def reboot_instances(scene):
    for resource in scene.on("Instances"):
        scene.ec2.reboot_instances([resource.id])
        scene.account.effect("rebooted", resource.id)


def stop(scene):
    chosen = scene.on("Instances")
    after = scene.parameters.get("startInstancesAfterDuration")
    try:
        for resource in chosen:
            scene.ec2.stop_instances([resource.id])
            scene.account.effect("stopped", resource.id)
        if after:
            scene.pause(seconds(after))
    finally:
        if after:
            for resource in chosen:
                scene.ec2.start_instances([resource.id])
                scene.account.effect("started", resource.id)


def interrupt(scene):
    """A spot interruption: the notice comes, and two minutes or more later the end."""
    scene.pause(seconds(scene.parameters.get("durationBeforeInterruption")))
    for resource in scene.on("SpotInstances"):
        scene.ec2.terminate_instances([resource.id])
        scene.account.effect("interrupted", resource.id)


def fail_clusters_over(scene):
    for resource in scene.on("Clusters"):
        try:
            fail_over(scene.rds, scene.rds.clusters[resource.id], None, wait=True)
        except NoFailover as error:
            raise ActionFailed(str(error)) from error


def reboot_databases(scene):
    forced = scene.parameters.get("forceFailover", "false") == "true"
    for resource in scene.on("DBInstances"):
        try:
            reboot(scene.rds, scene.rds.databases[resource.id], forced, wait=True)
        except NoFailover as error:
            raise ActionFailed(str(error)) from error


def hold(scene):
    """Any other action that lasts for a time: FIS reports it as running for so long; moto's resources don't feel it."""
    touched = [resource.arn for chosen in scene.targets.values() for resource in chosen]
    for arn in touched:
        scene.account.effect("began", arn)
    try:
        scene.pause(seconds(scene.parameters["duration"]))
    finally:
        for arn in touched:
            scene.account.effect("ended", arn)


ACTIONS = {
    "aws:ec2:terminate-instances": terminate,
    "aws:ec2:reboot-instances": reboot_instances,
    "aws:ec2:stop-instances": stop,
    "aws:ec2:send-spot-instance-interruptions": interrupt,
    "aws:rds:failover-db-cluster": fail_clusters_over,
    "aws:rds:reboot-db-instances": reboot_databases,
}


def act(action_id, scene):
    if reason := scene.account.failing_actions.get(action_id):
        raise ActionFailed(reason)
    if action_id in scene.account.idle_actions:
        return
    if action_id in ACTIONS:
        ACTIONS[action_id](scene)
    elif "duration" in scene.parameters:
        hold(scene)
    else:
        raise ActionFailed(f"the emulator does not act out {action_id}")
