"""The life of an experiment, on a thread of its own: it goes on when its client is gone."""

import threading

from moto.core.utils import unix_time
from moto.fis import models

from ..account import accounts
from .actions import ActionFailed, Scene, Stopped, act
from .alarms import breached
from .targets import Unresolvable, resolve

ENDED = ("completed", "stopped", "failed", "cancelled")


class Experiment(models.Experiment):
    """In the place of moto's, which goes from state to state as it is looked at."""

    def __init__(self, **given):
        super().__init__(**given)
        self.account = accounts[self.account_id]
        self.lock = threading.RLock()
        self.state = {"status": "pending", "reason": "Experiment is pending."}
        self.resolved = {}
        self.ending = threading.Event()
        self.why_stopped = None
        self.why_failed = None

    @property
    def status(self):
        return self.state["status"] if hasattr(self, "state") else "pending"

    @status.setter
    def status(self, value):
        self.state["status"] = value

    @property
    def is_active(self):
        return self.status not in ENDED

    def advance(self):
        pass  # It advances by itself.

    def _sync_state(self):
        return self.status

    def to_dict(self, tags=None):
        with self.lock:
            return {**super().to_dict(tags), "state": dict(self.state)}

    def to_summary_dict(self, tags=None):
        with self.lock:
            return {**super().to_summary_dict(tags), "state": dict(self.state)}

    def resolved_targets(self):
        return [
            models.ResolvedTarget(self.targets[name]["resourceType"], name, resource.arn)
            for name, found in self.resolved.items()
            for resource in found
        ]

    def begin(self):
        if self.account.lever(self.region_name)["status"] == "engaged":
            for action in self.actions.values():
                action["state"] = {"status": "cancelled", "reason": "The safety lever is engaged."}
            return self.move("cancelled", "Experiment cancelled: the safety lever is engaged.")
        threading.Thread(target=self.live, name=self.id, daemon=True).start()

    def stop(self, reason):
        with self.lock:
            if self.is_active and not self.ending.is_set():
                self.why_stopped = reason
                self.move("stopping", reason)
                self.ending.set()

    def move(self, status, reason, error=None):
        with self.lock:
            # While it is being stopped it can only end.
            if self.status == "stopping" and status not in ENDED:
                return
            self.state = {"status": status, "reason": reason}
            if error:
                self.state["error"] = {"accountId": self.account_id, **error}
            if status in ENDED:
                self.end_time = unix_time()

    def live(self):
        try:
            self.ending.wait(self.account.step)
            self.move("initiating", "Experiment is initiating.")
            self.resolve_targets()
            self.ending.wait(self.account.step)
            if self.experiment_options["actionsMode"] == "skip-all":
                for action in self.actions.values():
                    self.mark(action, "skipped", "Action was skipped: actionsMode is skip-all.")
                return self.move("completed", "Experiment completed.")
            self.move("running", "Experiment is running.")
            self.run_actions()
        except Unresolvable as error:
            for action in self.actions.values():
                self.mark(action, "cancelled", "Action was cancelled.")
            return self.move("failed", str(error))
        except Exception as error:  # A mistake of this file must not look like a running experiment.
            return self.move("failed", f"the emulator is broken: {type(error).__name__}: {error}")
        if self.why_failed:
            name, reason = self.why_failed
            location = f"actions.{name}"
            self.move("failed", f"Action {name} failed: {reason}", {"code": "ActionFailed", "location": location})
        elif self.why_stopped:
            threading.Event().wait(self.account.stop_takes)
            self.move("stopped", self.why_stopped)
        else:
            self.move("completed", "Experiment completed.")

    def resolve_targets(self):
        found = {name: resolve(self.account_id, self.region_name, t) for name, t in self.targets.items()}
        self.resolved = found
        if not all(found.values()) and self.experiment_options["emptyTargetResolutionMode"] != "skip":
            raise Unresolvable("Target resolution returned empty set")

    def run_actions(self):
        done = {name: threading.Event() for name in self.actions}
        threads = [threading.Thread(target=self.run, args=(name, done), daemon=True) for name in self.actions]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            if alarm := breached(self.account, self.region_name, self.stop_conditions):
                self.stop(f"Experiment halted by stop condition {alarm}.")
            for thread in threads:
                thread.join(0.05 / len(threads))

    def run(self, name, done):
        action = self.actions[name]
        try:
            for earlier in action.get("startAfter") or []:
                done[earlier].wait()
            if self.ending.is_set():
                return self.mark(action, "cancelled", "Action was cancelled.")
            targets = {key: self.resolved[target] for key, target in (action.get("targets") or {}).items()}
            if targets and not all(targets.values()):
                return self.mark(action, "skipped", "Action was skipped: its target is empty.")
            action["startTime"] = unix_time()
            self.mark(action, "running", "Action is running.")
            scene = Scene(self.account_id, self.region_name, targets, action.get("parameters") or {}, self.pause)
            act(action["actionId"], scene)
            self.mark(action, "completed", "Action was completed.")
        except Stopped:
            self.mark(action, "stopped", "Action was stopped.")
        except ActionFailed as error:
            self.mark(action, "failed", str(error))
            self.fail(name, str(error))
        except Exception as error:
            self.mark(action, "failed", f"{type(error).__name__}: {error}")
            self.fail(name, f"{type(error).__name__}: {error}")
        finally:
            done[name].set()

    def fail(self, name, reason):
        """One action's failure ends all others."""
        with self.lock:
            self.why_failed = self.why_failed or (name, reason)
            self.ending.set()

    def pause(self, seconds):
        if self.ending.wait(seconds / self.account.speed):
            raise Stopped

    def mark(self, action, status, reason):
        with self.lock:
            action["state"] = {"status": status, "reason": reason}
            if status in ("completed", "stopped", "failed"):
                action["endTime"] = unix_time()
