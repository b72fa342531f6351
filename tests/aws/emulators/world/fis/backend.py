"""What FIS refuses when it is asked, and the ids it gives."""

import re
import secrets
import string
import threading

from moto.core.exceptions import JsonRESTError

from ..account import accounts

LIMITS = {"actions": 20, "stopConditions": 5}
_prefix = threading.local()


class ValidationException(JsonRESTError):
    code = 400

    def __init__(self, message):
        super().__init__("ValidationException", message)


class ServiceQuotaExceededException(JsonRESTError):
    code = 402

    def __init__(self, message):
        super().__init__("ServiceQuotaExceededException", message)


class Ids:
    """In the place of moto's random numbers: EXT… for templates, EXP… for experiments."""

    class _Id:
        @property
        def hex(self):
            letters = string.ascii_letters + string.digits
            return _prefix.value + "".join(secrets.choice(letters) for _ in range(15))

        def __str__(self):
            return secrets.token_hex(16)

    @staticmethod
    def uuid4():
        return Ids._Id()


def extend(backend):
    create, start = backend.create_experiment_template, backend.start_experiment
    stop = backend.stop_experiment

    def create_experiment_template(self, client_token, description, stop_conditions, targets, actions, role_arn, **rest):
        check(description, stop_conditions, targets or {}, actions or {}, role_arn)
        _prefix.value = "EXT"
        return create(self, client_token, description, stop_conditions, targets, actions, role_arn, **rest)

    def start_experiment(self, client_token, experiment_template_id, experiment_options=None, tags=None):
        known = self._client_token_to_experiment_id.get(client_token)
        if not known:
            account = accounts[self.account_id]
            active = sum(experiment.is_active for experiment in list(self.experiments.values()))
            if experiment_template_id in self.experiment_templates and active >= account.active_experiments:
                raise ServiceQuotaExceededException(
                    f"You have reached the maximum number of active experiments: {account.active_experiments}"
                )
        _prefix.value = "EXP"
        answer = start(self, client_token, experiment_template_id, experiment_options, tags)
        if not known:
            self.experiments[answer["id"]].begin()
        return answer

    def stop_experiment(self, id):
        if id in self.experiments and self.experiments[id].is_active:
            self.experiments[id].stop("Experiment stopped by user.")
        else:
            return stop(self, id)
        return self.get_experiment(id)

    backend.create_experiment_template = create_experiment_template
    backend.start_experiment = start_experiment
    backend.stop_experiment = stop_experiment


def check(description, stop_conditions, targets, actions, role_arn):
    """As far as AWS's documentation says what is valid; it checks no action's parameters."""
    if not description or len(description) > 512:
        raise ValidationException("description must have 1 to 512 characters")
    if not re.match(r"^arn:aws[a-z-]*:iam::\d{12}:role/.+", role_arn or ""):
        raise ValidationException(f"invalid role ARN: {role_arn}")
    if not stop_conditions or not actions:
        raise ValidationException("stopConditions and actions must not be empty")
    for what, given in (("actions", actions), ("stopConditions", stop_conditions)):
        if len(given) > LIMITS[what]:
            raise ValidationException(f"at most {LIMITS[what]} {what}")
    for condition in stop_conditions:
        alarm = condition.get("source") == "aws:cloudwatch:alarm"
        if condition.get("source") not in ("none", "aws:cloudwatch:alarm") or alarm != bool(condition.get("value")):
            raise ValidationException(f"invalid stop condition: {condition}")
    for name, target in targets.items():
        if not target.get("resourceType") or not target.get("selectionMode"):
            raise ValidationException(f"target {name} needs resourceType and selectionMode")
        chosen = bool(target.get("resourceArns")), bool(target.get("resourceTags") or target.get("filters"))
        if chosen == (True, True):
            raise ValidationException(f"target {name} has resourceArns together with tags or filters")
        if chosen == (False, False) and not target.get("parameters"):
            raise ValidationException(f"target {name} names no resources")
        if not re.match(r"^(ALL|COUNT\([1-9]\d*\)|PERCENT\(([1-9]\d?|100)\))$", target["selectionMode"]):
            raise ValidationException(f"target {name} has an invalid selectionMode: {target['selectionMode']}")
    for name, action in actions.items():
        if not action.get("actionId"):
            raise ValidationException(f"action {name} needs an actionId")
        for target in (action.get("targets") or {}).values():
            if target not in targets:
                raise ValidationException(f"action {name} has an unknown target: {target}")
        for earlier in action.get("startAfter") or []:
            if earlier not in actions or earlier == name:
                raise ValidationException(f"action {name} starts after an unknown action: {earlier}")
