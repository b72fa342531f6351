"""One account of the world: how AWS behaves in it, and what has happened in it."""

import threading
import time
from dataclasses import dataclass, field, fields
from typing import Any


@dataclass
class Account:
    """An account. Everything that `POST /world/settings` may set is a field without an underscore."""

    id: str
    # Durations in experiment templates pass so many times faster: PT1M takes a second at 60.
    speed: float = 1.0
    # Seconds from the termination of instances to the end of the action: FIS waits for theirs.
    terminate_takes: float = 0.0
    # Seconds in `pending`, and again in `initiating`.
    step: float = 0.1
    # Seconds from `stopping` to `stopped`.
    stop_takes: float = 0.2
    # FIS's quota. 5 in a new account.
    active_experiments: int = 5
    # Actions, by their id, that fail, and with which reason.
    failing_actions: dict[str, str] = field(default_factory=dict)
    # Actions, by their id, that report success and do nothing.
    idle_actions: list[str] = field(default_factory=list)
    # Seconds that a cluster is `failing-over`, and an instance `rebooting`.
    failover_takes: float = 0.5
    reboot_takes: float = 0.5
    # Why the next failovers fail; empty: they don't.
    failing_failover: str = ""
    # Alarms, by their ARN, as stop conditions see them: OK, ALARM or INSUFFICIENT_DATA.
    alarms: dict[str, str] = field(default_factory=dict)
    # Where stop conditions ask for the alarms that are not in `alarms`; empty: nowhere.
    cloudwatch: str = ""

    _calls: list[dict[str, Any]] = field(default_factory=list)
    _effects: list[dict[str, Any]] = field(default_factory=list)
    # By region.
    _levers: dict[str, dict[str, str]] = field(default_factory=dict)
    _lock: Any = field(default_factory=threading.RLock)

    def set(self, settings: dict[str, Any]) -> None:
        known = {f.name for f in fields(self) if not f.name.startswith("_")} - {"id"}
        if unknown := set(settings) - known:
            raise ValueError(f"no such setting: {', '.join(sorted(unknown))}; there are {', '.join(sorted(known))}")
        for name, value in settings.items():
            setattr(self, name, value)

    def called(self, call: dict[str, Any]) -> None:
        with self._lock:
            self._calls.append(call)

    def effect(self, what: str, resource: str, **more: Any) -> None:
        """Remembers what the world itself has done to a resource, which no call of a client did."""
        with self._lock:
            self._effects.append({"at": time.time(), "what": what, "resource": resource, **more})

    def lever(self, region: str) -> dict[str, str]:
        with self._lock:
            return self._levers.setdefault(region, {"status": "disengaged", "reason": ""})


class Accounts:
    def __init__(self) -> None:
        self._accounts: dict[str, Account] = {}
        self._lock = threading.Lock()

    def __getitem__(self, account_id: str) -> Account:
        with self._lock:
            return self._accounts.setdefault(account_id, Account(account_id))


accounts = Accounts()
