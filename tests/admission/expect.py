#!/usr/bin/env python3
"""Writes expected.json: the expected response to every AdmissionReview in the recordings.

Usage: tests/admission/expect.py RECORDINGS > tests/admission/expected.json

It does not use the library. It takes the leaves that differ, which were recorded with the reviews
(`changed`), the rule of the documented request with the exceptions of the policy `admission`, and, for
invalid values, the causes in the API server's own answer to the request. Leaves do not show that tasks
were added, removed or reordered; functions below find that out.
"""
import json
import pathlib
import re
import sys

ALLOWED = re.compile(
    r"metadata\.(labels|annotations|generateName)(\.|$)"
    r"|spec\.(template|replicas)(\.|$)"
    r"|spec\.tasks\[\d+\]\.(template|replicas)(\.|$)"
)
# Managed by the API server, or owned by controllers.
IGNORED = re.compile(
    r"metadata\.(resourceVersion|generation|creationTimestamp|deletionTimestamp"
    r"|deletionGracePeriodSeconds|selfLink|managedFields|uid|finalizers|ownerReferences)$"
    r"|status(\.|$)"
)

# The values that creation and the schema's defaults fill into both Jobs of the recordings.
CREATION = {"spec.schedulerName": "volcano"}
SCHEMA = {"spec.maxRetry": 3, "spec.queue": "default"}


def total(job):
    return sum(task.get("replicas", 0) for task in job["spec"]["tasks"])


def is_creation_default(path, old, existing):
    """Whether Volcano's webhook fills in that value when a Job is created."""
    if path == "spec.minAvailable":
        return old == total(existing)
    task = re.fullmatch(r"spec\.tasks\[(\d+)\]\.(name|minAvailable|maxRetry)", path)
    if task:
        position = int(task[1])
        defaults = {
            "name": f"default{position}",
            "minAvailable": existing["spec"]["tasks"][position].get("replicas", 0),
            "maxRetry": 3,
        }
        return old == defaults[task[2]]
    return path in CREATION and old == CREATION[path]


def leaves(path, old, new):
    """Splits a change of a whole list or map into its elements, where only one side has elements."""
    if path in ("spec.volumes", "spec.policies") and not old:
        return [(f"{path}[{i}]", None, item) for i, item in enumerate(new)]
    if path == "spec.plugins" and not new:
        return [(f"{path}.{key}", value, None) for key, value in old.items()]
    if path == "spec.plugins.env" and old == [] and new:
        return [(f"{path}[{i}]", None, item) for i, item in enumerate(new)]
    if path == "spec" and new is None:
        fields = [(f"spec.{key}", value, None) for key, value in old.items() if key != "plugins"]
        return fields + leaves("spec.plugins", old["plugins"], None)
    return [(path, old, new)]


def names(tasks):
    return [task["name"] for task in tasks]


def task_violations(existing, replacement):
    """Violations about added, removed and reordered tasks. `None`: the tasks are compared one by one."""
    old, new = names(existing), [(task or {}).get("name") for task in replacement]
    if sorted(old) == sorted(new, key=str) and old != new:
        return [("spec.tasks", "tasks-reordered")]
    if len(old) != len(new):
        removed = [(f"spec.tasks[{i}]", "task-removed") for i, name in enumerate(old) if name not in new]
        added = [(f"spec.tasks[{i}]", "task-added") for i, name in enumerate(new) if name not in old]
        return removed + added
    if None in new:
        # A task that is null has no name. It is compared with the removed one at the same position.
        position = new.index(None)
        return [(f"spec.tasks[{position}].name", "immutable-field")]
    return None


def above_total(existing, replacement):
    """Whether allowed changes take the sum of all replicas below the Job's minAvailable.

    Removing a task is denied: what follows from that is not reported.
    """
    if "spec" not in replacement or "minAvailable" not in replacement["spec"]:
        return False
    kept = replacement["spec"].get("tasks") or []
    counts = [(task or {}).get("replicas", 0) for task in kept]
    new = {(task or {}).get("name") for task in kept}
    # A task that is null takes the place of the removed one at its position, and its replicas may change.
    is_removed = lambda i, task: task.get("name") not in new and (i >= len(kept) or kept[i] is not None)
    counts += [task.get("replicas", 0) for i, task in enumerate(existing["spec"]["tasks"]) if is_removed(i, task)]
    if not all(isinstance(count, int) for count in counts):
        return False
    touched = counts != [task.get("replicas", 0) for task in existing["spec"]["tasks"]]
    return touched and replacement["spec"]["minAvailable"] > sum(counts)


def violations(existing, replacement, changed):
    found = set()
    tasks = None
    if "spec" in replacement:
        tasks = task_violations(existing["spec"]["tasks"], replacement["spec"].get("tasks") or [])
        found.update(tasks or [])
    else:
        found.update((f"spec.tasks[{i}]", "task-removed") for i in range(len(existing["spec"]["tasks"])))
    for change in changed:
        for path, old, new in leaves(change["path"], change.get("old"), change.get("new")):
            if ALLOWED.match(path) or IGNORED.match(path):
                continue
            if path.startswith("spec.tasks") and (tasks is not None or "spec" not in replacement):
                continue
            # An empty list is the same as none. The key of a plugin is significant without a value.
            if (old is None or old == []) and (new is None or new == []) and "plugins" not in path:
                continue
            if path in SCHEMA and SCHEMA[path] in (old, new) and None in (old, new):
                continue
            if new is None and is_creation_default(path, old, existing):
                found.add((path, "dropped-default"))
            else:
                found.add((path, "immutable-field"))
    if tasks is None and "spec" in replacement:
        new = names(replacement["spec"]["tasks"])
        twice = [(f"spec.tasks[{i}].name", "duplicate-task-name") for i, name in enumerate(new) if name in new[:i]]
        found.update(twice)
    if above_total(existing, replacement):
        found.add(("spec.minAvailable", "min-available-above-total"))
    return found


# The API server validated another object than the review has: the recording is shortened, or the response
# of the webhook had a patch.
OTHER_OBJECT = ("annotations-too-long", "mutating-identity")


def invalid(name, responses):
    """The fields that the API server reported as invalid in its answers to the request."""
    found = set()
    for response in responses:
        answer = response.get("body", {}).get("json") or {}
        if str(answer.get("message", "")).startswith('Job.batch.volcano.sh "') and name not in OTHER_OBJECT:
            causes = answer["details"].get("causes", [])
            found.update((cause["field"], "invalid-value") for cause in causes if cause["field"] != "<nil>")
    return found


def reviews(recording):
    """The reviews, each with the answers to the requests of its step; kubectl sends several."""
    for step in recording["steps"]:
        exchanges = step.get("exchanges", [])
        responses = [exchange.get("response") or {} for exchange in [step] + exchanges]
        for holder in [step] + exchanges:
            for review in holder.get("reviews") or []:
                yield review, responses


def expected(name, review, responses):
    request = review["json"]["request"]
    entry = {"uid": request["uid"], "hook": review["hook"]}
    if request["operation"] != "UPDATE" or request.get("subResource"):
        return entry | {"outcome": "skipped"}
    existing, replacement = request["oldObject"], request["object"]
    found = violations(existing, replacement, review["changed"]) | invalid(name, responses)
    entry["outcome"] = "denied" if found else "allowed"
    if found:
        entry["violations"] = sorted(map(list, found))
    dropped = [path for path, code in found if code == "dropped-default"]
    if dropped and review["hook"].startswith("mutate"):
        entry["restored"] = sorted(dropped)
    return entry


def main():
    lines = []
    for file in sorted(pathlib.Path(sys.argv[1]).glob("*.json")):
        recording = json.loads(file.read_text())
        entries = [expected(file.stem, *pair) for pair in reviews(recording) if pair[0].get("json")]
        if entries:
            rows = ",\n".join("    " + json.dumps(entry) for entry in entries)
            lines.append(f"  {json.dumps(file.stem)}: [\n{rows}\n  ]")
    print("{\n" + ",\n".join(lines) + "\n}")


if __name__ == "__main__":
    main()
