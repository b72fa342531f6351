"""RDS with failovers and reboots that take time, say so in events, and may fail."""

import threading
from datetime import timedelta

from moto.core.utils import utcnow
from moto.rds import responses
from moto.rds.exceptions import InvalidDBClusterStateFault, InvalidDBInstanceStateFault, InvalidParameterCombination
from moto.rds.models import DBInstanceClustered, Event, RDSBackend
from moto.core.responses import ActionResult

from .account import accounts


class NoFailover(Exception):
    """Why a failover or a reboot did not work, where nobody waits for an API's answer."""


class ClusterEvent(Event):
    def __init__(self, resource, source_type, category, message):
        self.source_identifier = resource.resource_id
        self.source_type = source_type
        self.source_arn = resource.arn
        self.event_categories = [category]
        self.message = message
        self.date = utcnow()


def extend():
    moto_failover, moto_events = RDSBackend.failover_db_cluster, RDSBackend.describe_events

    def failover_db_cluster(self, db_cluster_identifier, target_db_instance_identifier=None):
        cluster = self.clusters.get(db_cluster_identifier)
        target = self.databases.get(target_db_instance_identifier or "")
        if not cluster or len(cluster.members) < 2 or (target_db_instance_identifier and not target):
            # Moto refuses these as AWS does.
            return moto_failover(self, db_cluster_identifier, target_db_instance_identifier)
        if cluster.status != "available":
            raise InvalidDBClusterStateFault(f"DB cluster {db_cluster_identifier} is not in available state")
        if target and (target is cluster.writer or target not in cluster.members):
            raise InvalidDBInstanceStateFault(
                f"DB instance {target_db_instance_identifier} is no reader of DB cluster {db_cluster_identifier}"
            )
        fail_over(self, cluster, target, wait=False)
        return cluster

    def describe_events(self, **given):
        now = utcnow()
        start = plain(given.get("start_time")) or now - timedelta(minutes=given.get("duration") or 60)
        end = plain(given.get("end_time")) or now
        categories = set(given.get("event_categories") or [])
        found = moto_events(self, given.get("source_identifier"), given.get("source_type"))
        in_time = [event for event in found if start <= plain(event.date) <= end]
        return [event for event in in_time if not categories or categories & set(event.event_categories)]

    def reboot_db_instance(self):
        database = self.backend.describe_db_instances(self.params.get("DBInstanceIdentifier"))[0]
        forced = bool(self.params.get("ForceFailover"))
        if database.status != "available":
            raise InvalidDBInstanceStateFault(f"DB instance {database.resource_id} is not in available state")
        if forced and not can_fail_over(database):
            raise InvalidParameterCombination("Cannot specify ForceFailover for an instance that is not Multi-AZ")
        reboot(self.backend, database, forced, wait=False)
        return ActionResult({"DBInstance": database})

    RDSBackend.failover_db_cluster = failover_db_cluster
    RDSBackend.describe_events = describe_events
    responses.RDSResponse.reboot_db_instance = reboot_db_instance


def plain(moment):
    return moment.replace(tzinfo=None) if moment and moment.tzinfo else moment


def can_fail_over(database):
    return isinstance(database, DBInstanceClustered) and len(database.cluster.members) > 1 or bool(database.multi_az)


def fail_over(backend, cluster, target, wait):
    """Moves the writer after the time that the account's settings say, and tells it as AWS does."""
    account = accounts[backend.account_id]
    old = cluster.writer
    readers = sorted((m for m in cluster.members if m is not old), key=lambda member: member.promotion_tier)
    target = target or next((reader for reader in readers if reader.status == "available"), None)
    if not target or cluster.status != "available":
        raise NoFailover(f"DB cluster {cluster.resource_id} can't fail over now")
    cross = "cross" if target.availability_zone != old.availability_zone else "same"
    say(backend, cluster, f"Started {cross} AZ failover to DB instance: {target.resource_id}")
    cluster.status = "failing-over"

    def finish():
        threading.Event().wait(account.failover_takes)
        cluster.status = "available"
        if account.failing_failover:
            say(backend, cluster, f"DB cluster failover failed: {account.failing_failover}")
            return
        cluster.failover(target)
        account.effect("failed over", cluster.resource_id, writer=target.resource_id, before=old.resource_id)
        say(backend, cluster, f"Completed failover to DB instance: {target.resource_id}")

    if wait:
        finish()
        if account.failing_failover:
            raise NoFailover(account.failing_failover)
    else:
        threading.Thread(target=finish, daemon=True).start()


def reboot(backend, database, forced, wait):
    account = accounts[backend.account_id]
    if database.status != "available" or (forced and not can_fail_over(database)):
        raise NoFailover(f"DB instance {database.resource_id} can't be rebooted so now")
    is_writer = isinstance(database, DBInstanceClustered) and database.is_cluster_writer
    if forced and is_writer:
        fail_over(backend, database.cluster, None, wait=False)
    database.status = "rebooting"

    def finish():
        threading.Event().wait(account.reboot_takes)
        database.status = "available"
        account.effect("rebooted", database.resource_id)
        backend.events.append(ClusterEvent(database, "db-instance", "availability", "DB instance restarted"))

    finish() if wait else threading.Thread(target=finish, daemon=True).start()


def say(backend, cluster, message):
    backend.events.append(ClusterEvent(cluster, "db-cluster", "failover", message))
