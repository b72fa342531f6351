"""The safety lever, which moto has not: engaged, it stops what runs and cancels what starts."""

import json

from moto.core.exceptions import JsonRESTError

from ..account import accounts
from .backend import ValidationException


class ConflictException(JsonRESTError):
    code = 409

    def __init__(self, message):
        super().__init__("ConflictException", message)


class NoSuchLever(JsonRESTError):
    code = 404

    def __init__(self, id):
        super().__init__("ResourceNotFoundException", f"Safety lever {id} does not exist")


def extend(response, urls):
    response.get_safety_lever = get_safety_lever
    response.update_safety_lever_state = update_safety_lever_state
    urls.url_paths["{0}/safetyLevers/(?P<id>[^/]+)$"] = response.dispatch
    urls.url_paths["{0}/safetyLevers/(?P<id>[^/]+)/state$"] = response.dispatch


def get_safety_lever(self):
    return json.dumps({"safetyLever": described(self)})


def update_safety_lever_state(self):
    lever = described(self)
    wanted = self._get_param("state") or {}
    if wanted.get("status") not in ("engaged", "disengaged") or not wanted.get("reason"):
        raise ValidationException("state needs a status, engaged or disengaged, and a reason")
    if lever["state"]["status"] == wanted["status"]:
        raise ConflictException(f"The safety lever is {wanted['status']} already")
    lever["state"].update(status=wanted["status"], reason=wanted["reason"])
    if wanted["status"] == "engaged":
        for experiment in list(self.fis_backend.experiments.values()):
            experiment.stop("Experiment stopped by the safety lever.")
    return json.dumps({"safetyLever": lever})


def described(self):
    # The id is part of the request URI. Every account has one lever in each region.
    id = self._get_param("id")
    if id != "default":
        raise NoSuchLever(id)
    state = accounts[self.current_account].lever(self.region)
    return {"id": id, "arn": f"arn:aws:fis:{self.region}:{self.current_account}:safety-lever/{id}", "state": state}
