"""Requests as policies see them: of URLs, and of audit events.

The URLs and what becomes of them are facts of kubernetes/apiserver 0.37.2 (`requestinfo.go`), which
was asked for each of them.
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lanner.audit.policy.attributes import Attributes, from_event, from_url

CORE = "/api/v1"
URLS = [
    # method, URL; verb, group, namespace, resource, subresource, name
    ("GET", f"{CORE}/namespaces/a/pods", "list  a pods  "),
    ("GET", f"{CORE}/namespaces/a/pods/x", "get  a pods  x"),
    ("HEAD", f"{CORE}/namespaces/a/pods/x/log/", "get  a pods log x"),
    ("GET", f"{CORE}/pods?watch=true", "watch   pods  "),
    ("GET", f"{CORE}/pods?watch", "watch   pods  "),
    ("GET", f"{CORE}/pods?watch=0", "list   pods  "),
    ("GET", f"{CORE}/pods?watch=False", "list   pods  "),
    ("GET", f"{CORE}/watch/namespaces/a/pods/x", "watch  a pods  x"),
    ("GET", f"{CORE}/proxy/namespaces/a/pods/x/y", "proxy  a pods  x"),
    ("POST", f"{CORE}/namespaces/a/pods/x/exec?command=sh", "create  a pods exec x"),
    ("POST", f"{CORE}/namespaces", "create   namespaces  "),
    ("DELETE", f"{CORE}/namespaces/a", "delete  a namespaces  a"),
    ("PUT", f"{CORE}/namespaces/a/finalize", "update  a namespaces finalize a"),
    ("DELETE", f"{CORE}/namespaces/a/secrets", "deletecollection  a secrets  "),
    (
        "PATCH",
        "/apis/apps/v1/namespaces/a/deployments/x/status",
        "patch apps a deployments status x",
    ),
    ("OPTIONS", f"{CORE}/nodes", "   nodes  "),
    ("GET", f"{CORE}/namespaces/a%2Fb/pods", "get  a b  pods"),
    ("GET", f"{CORE}/pods?fieldSelector=metadata.name%3Dx", "list   pods  x"),
    ("GET", f"{CORE}/pods?fieldSelector=a!=b,metadata.name==x&watch=1", "watch   pods  x"),
    ("GET", f"{CORE}/pods?fieldSelector=metadata.name!=x", "list   pods  "),
    ("GET", f"{CORE}/pods?fieldSelector=metadata.name=x=y", "list   pods  "),
    ("GET", f"{CORE}/pods?fieldSelector=metadata.name=x,a", "list   pods  "),
    ("GET", f"{CORE}/pods?fieldSelector=metadata.name=x%2Fy", "list   pods  "),
    ("GET", f"{CORE}/pods?fieldSelector=metadata.name=a\\,b", "list   pods  a,b"),
    ("GET", f"{CORE}/pods?fieldSelector=metadata.name=x&limit=five&watch=1", "watch   pods  "),
    ("DELETE", f"{CORE}/pods?fieldSelector=metadata.name=x", "deletecollection   pods  "),
]


@pytest.mark.parametrize(("method", "url", "expected"), URLS)
def test_resources(method: str, url: str, expected: str) -> None:
    found = from_url(method, url, "dev", ["g"])
    assert found.is_resource_request
    parts = (found.api_group, found.namespace, found.resource, found.subresource, found.name)
    assert " ".join([found.verb, *parts]) == expected
    assert (found.user, found.groups) == ("dev", ("g",))


@pytest.mark.parametrize(
    ("method", "url", "verb", "path"),
    [
        ("GET", "/healthz?verbose", "get", "/healthz"),
        ("GET", "/api/v1", "get", "/api/v1"),
        ("GET", "/apis/apps/v1", "get", "/apis/apps/v1"),
        ("POST", "/a%20b", "post", "/a b"),
        ("GET", "https://10.0.0.1:6443/version", "get", "/version"),
        ("GET", "https://10.0.0.1:6443", "get", "/"),
    ],
)
def test_other_urls(method: str, url: str, verb: str, path: str) -> None:
    assert from_url(method, url, None) == Attributes(None, (), verb, path)


def test_a_url_that_is_refused_before_auditing() -> None:
    with pytest.raises(ValueError, match="watch"):
        from_url("GET", "/api/v1/watch", None)


def test_the_body_does_not_name_what_is_created() -> None:
    event = {
        "verb": "create",
        "requestURI": "/api/v1/namespaces/a/pods",
        "user": {"username": "dev", "groups": ["g", 5]},
        "objectRef": {"resource": "pods", "namespace": "a", "name": "x", "apiVersion": "v1"},
    }
    of_url = from_event(event)
    assert (of_url.name, of_url.resource, of_url.groups) == ("", "pods", ("g",))
    del event["requestURI"]
    of_object = from_event(event)
    assert (of_object.name, of_object.resource, of_object.namespace) == ("", "pods", "a")
    event["verb"] = "get"
    assert from_event(event).name == "x"


def test_events_whose_url_says_less_than_the_verb() -> None:
    listed = {"verb": "list", "requestURI": "/api/v1/pods?fieldSelector=metadata.name%3Dx"}
    assert (from_event(listed).verb, from_event(listed).name) == ("list", "x")
    refused = {"verb": "watch", "requestURI": "/api/v1/watch", "user": {}}
    assert from_event(refused) == Attributes(None, (), "watch", "/api/v1/watch")


@settings(max_examples=300, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["verb", "requestURI", "user", "objectRef", "stage"]),
        st.text(max_size=30)
        | st.none()
        | st.lists(st.integers())
        | st.dictionaries(
            st.sampled_from(["username", "groups", "resource", "name"]), st.text() | st.none()
        ),
    )
)
def test_any_event_is_read(event: dict[str, object]) -> None:
    found = from_event(event)
    assert isinstance(found.verb, str)
    assert found.user is None or found.user
