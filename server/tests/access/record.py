#!/usr/bin/env python3
"""Records what an API server decides about the users of tokens.csv under the rules of rules/.

    record.py https://127.0.0.1:6443 > decisions.jsonl

The API server runs with --authorization-mode=RBAC --token-auth-file=tokens.csv, and the controller
clusterrole-aggregation beside it. The namespaces default, team, viewed and edited exist, and the rules
are applied: kubectl apply -f rules.
"""
import csv
import itertools
import json
import pathlib
import ssl
import sys
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).parent
GROUP = "batch.volcano.sh"
JOBS = f"/apis/{GROUP}/v1alpha1"
TLS = ssl._create_unverified_context()

RESOURCES = [
    dict(verb=verb, group=GROUP, version="v1alpha1", resource="jobs", namespace=namespace, name=name)
    for verb, namespace, name in itertools.product(
        ["get", "list", "create", "update", "delete", "deletecollection"],
        ["default", "team", "viewed", "edited", ""],
        ["", "a", "c"],
    )
] + [
    dict(verb="patch", group=GROUP, resource="jobs", namespace="team", name="a"),
    dict(verb="watch", group=GROUP, resource="jobs", namespace="team", name="b"),
    dict(verb="get", group=GROUP, resource="jobs", subresource="status", namespace="team", name="a"),
    dict(verb="update", group=GROUP, resource="jobs", subresource="status", namespace="team", name="a"),
    dict(verb="update", group=GROUP, resource="jobs", subresource="status", namespace="default", name="a"),
    dict(verb="update", group=GROUP, resource="jobs", subresource="scale", namespace="team", name="a"),
    dict(verb="update", group=GROUP, resource="queues", subresource="status"),
    dict(verb="list", group="scheduling.volcano.sh", resource="queues"),
    dict(verb="list", group="scheduling.volcano.sh", resource="queues", namespace="team"),
    dict(verb="get", group="scheduling.volcano.sh", resource="queues", name="default"),
    dict(verb="*", group=GROUP, resource="jobs", namespace="team"),
    dict(verb="get", group="*", resource="*", namespace="team"),
    dict(verb="", group="", resource=""),
    dict(verb="get", resource="nodes", subresource="metrics"),
    dict(verb="get", resource="nodes"),
    dict(verb="create", group="authorization.k8s.io", resource="selfsubjectaccessreviews"),
    dict(verb="create", group="authentication.k8s.io", resource="selfsubjectreviews"),
    dict(verb="create", group="authorization.k8s.io", resource="subjectaccessreviews"),
]
PATHS = [
    dict(verb=verb, path=path)
    for verb, path in itertools.product(
        ["get", "post"],
        ["/metrics", "/metrics/", "/version", "/version/", "/api", "/apis/x/y", "/debug", "/debug/",
         "/debug/pprof", "/logs", "/logsandmore", "/x*y", "/xay", "/exact", "/posted", "/livez/ping", "*",
         "/", ""],
    )
]
REQUESTS = [
    ("GET", JOBS + "/jobs"),
    ("GET", JOBS + "/namespaces/default/jobs"),
    ("GET", JOBS + "/namespaces/default/jobs?watch=1&timeoutSeconds=1"),
    ("GET", JOBS + "/namespaces/default/jobs?watch=false"),
    ("GET", JOBS + "/namespaces/default/jobs/a?watch=1&timeoutSeconds=1"),
    ("HEAD", JOBS + "/namespaces/default/jobs/a"),
    ("GET", JOBS + "/namespaces/team/jobs"),
    ("GET", JOBS + "/namespaces/team/jobs?fieldSelector=metadata.name%3Da"),
    ("GET", JOBS + "/namespaces/team/jobs?fieldSelector=metadata.name%3D%3Da,metadata.namespace%3Dteam"),
    ("GET", JOBS + "/namespaces/team/jobs?fieldSelector=metadata.name%3Dc"),
    ("GET", JOBS + "/namespaces/team/jobs?fieldSelector=metadata.name!%3Da"),
    ("GET", JOBS + "/namespaces/team/jobs?fieldSelector=metadata.namespace%3Dteam"),
    ("GET", JOBS + "/namespaces/team/jobs?fieldSelector=metadata.name%3Dc,metadata.name%3Da"),
    ("GET", JOBS + "/namespaces/team/jobs?fieldSelector=metadata.name%3Da,nonsense"),
    ("GET", JOBS + "/namespaces/team/jobs?fieldSelector=metadata.name%3Da%5C"),
    ("GET", JOBS + "/namespaces/team/jobs?fieldSelector=metadata.name%3Da%2F"),
    ("GET", JOBS + "/namespaces/team/jobs?watch=true&timeoutSeconds=1&fieldSelector=metadata.name%3Db"),
    ("POST", JOBS + "/namespaces/default/jobs"),
    ("PUT", JOBS + "/namespaces/team/jobs/a"),
    ("PATCH", JOBS + "/namespaces/team/jobs/a"),
    ("PUT", JOBS + "/namespaces/team/jobs/a/status"),
    ("DELETE", JOBS + "/namespaces/team/jobs/a"),
    ("DELETE", JOBS + "/namespaces/team/jobs/c"),
    ("DELETE", JOBS + "/namespaces/team/jobs?fieldSelector=metadata.name%3Da"),
    ("DELETE", JOBS + "/namespaces/edited/jobs"),
    ("OPTIONS", JOBS + "/namespaces/default/jobs/a"),
    ("GET", JOBS + "/namespaces/team"),
    ("GET", JOBS + "/namespaces/team/status"),
    ("GET", "/api/v1/namespaces/team/pods/p/log"),
    ("GET", "/api/v1/namespaces/%3Cteam%3E/pods"),
    ("GET", "/apis/scheduling.volcano.sh/v1beta1/queues"),
    ("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"),
    ("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews"),
    ("GET", "/apis/authentication.k8s.io/v1/selfsubjectreviews"),
    ("GET", "/apis/" + GROUP),
    ("GET", "/version"),
    ("POST", "/version"),
    ("GET", "/metrics"),
    ("GET", "/debug/none"),
    ("GET", "/%3Cno%3E&thing"),
    ("GET", "/"),
]


def send(server, token, method, path, body=None):
    request = urllib.request.Request(server + path, method=method, data=body and json.dumps(body).encode())
    request.add_header("Authorization", f"Bearer {token}")
    request.add_header("Content-Type", "application/json")
    request.add_header("User-Agent", "record")
    try:
        with urllib.request.urlopen(request, context=TLS, timeout=20) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as answer:
        return answer.code, answer.read()


def asked(server, token, spec):
    kind = {"kind": "SelfSubjectAccessReview", "apiVersion": "authorization.k8s.io/v1"}
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    code, body = send(server, token, "POST", path, {**kind, "spec": spec})
    assert code == 201, body
    return json.loads(body)["status"]


def main():
    server = sys.argv[1]
    with open(HERE / "tokens.csv", newline="", encoding="utf-8") as file:
        tokens = [record[0] for record in csv.reader(file)]
    for token in tokens:
        for spec in [{"resourceAttributes": r} for r in RESOURCES] + [{"nonResourceAttributes": p} for p in PATHS]:
            print(json.dumps({"token": token, "spec": spec, "status": asked(server, token, spec)}))
        for method, path in REQUESTS:
            code, body = send(server, token, method, path)
            line = {"token": token, "method": method, "path": path, "isForbidden": code == 403}
            if code == 403 and method != "HEAD":
                line["body"] = json.loads(body)
            print(json.dumps(line))


main()
