"""Stop conditions, watched: by what a test has set, else by asking a CloudWatch."""

from functools import lru_cache

import boto3


def breached(account, region, stop_conditions):
    """The ARN of a stop condition's alarm that is in ALARM."""
    for condition in stop_conditions:
        if condition["source"] == "aws:cloudwatch:alarm" and state(account, region, condition["value"]) == "ALARM":
            return condition["value"]
    return None


def state(account, region, arn):
    if arn in account.alarms or not account.cloudwatch:
        return account.alarms.get(arn)
    alarms = client(account.cloudwatch, region, account.id).describe_alarms(AlarmNames=[arn.split(":")[-1]])
    found = alarms["MetricAlarms"] + alarms["CompositeAlarms"]
    return found[0]["StateValue"] if found else None


@lru_cache
def client(endpoint, region, account_id):
    key = {"aws_access_key_id": f"AKIA{account_id}TEST", "aws_secret_access_key": "world"}
    return boto3.client("cloudwatch", endpoint_url=endpoint, region_name=region, **key)
