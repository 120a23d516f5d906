"""Real TAXII 2.1 clients against a server: taxii2-client, stix2's datastores, and requests as pycti
and others send them. Arguments: origin, user, password, id of a collection to read and write.

Each check is a function; the name says what must hold. Objects are new in every run, so that a server
that keeps what it had can be asked again.
"""

import gzip
import json
import sys
import uuid
from datetime import datetime, timezone

import requests
import stix2
from stix2 import Filter, TAXIICollectionSink, TAXIICollectionSource, TAXIICollectionStore
from taxii2client.v20 import Server as Server20
from taxii2client.v21 import Collection, Server, as_pages

ORIGIN, USER, PASSWORD, COLLECTION = sys.argv[1:5]
DISCOVERY = f"{ORIGIN}/taxii2/"
URL = f"{ORIGIN}/taxii2/api/collections/{COLLECTION}/"
OBJECTS = f"{URL}objects/"
TAXII = "application/taxii+json;version=2.1"
SESSION = requests.Session()
SESSION.auth = (USER, PASSWORD)
COUNT = 45


def now():
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def indicator(name, **more):
    time = now()
    return {
        "type": "indicator", "spec_version": "2.1", "id": f"indicator--{uuid.uuid4()}",
        "created": time, "modified": time, "name": name, "pattern_type": "stix",
        "pattern": "[ipv4-addr:value = '198.51.100.1']", "valid_from": time, **more,
    }


def collection():
    return Collection(URL, user=USER, password=PASSWORD)


def server_and_roots_are_found():
    server = Server(DISCOVERY, user=USER, password=PASSWORD)
    assert server.title and server.default in server.api_roots
    root = server.api_roots[0]
    assert TAXII in root.versions and root.max_content_length > 0
    assert COLLECTION in [one.id for one in root.collections]


def objects_are_added_and_their_fate_is_told():
    objects = [indicator(f"added {n}") for n in range(COUNT)]
    status = collection().add_objects({"objects": objects}, timeout=60)
    assert status.status == "complete" and status.success_count == COUNT, status._raw
    status.refresh()
    assert status.failure_count == 0
    global ADDED
    ADDED = [one["id"] for one in objects]


def pages_have_each_object_once():
    ids = []
    for page in as_pages(collection().get_objects, per_request=7):
        ids += [one["id"] for one in page.get("objects", [])]
    assert len(ids) == len(set(ids)) and set(ADDED) <= set(ids), (len(ids), len(set(ids)))
    assert [one for one in ids if one in ADDED] == ADDED, "in the order they were added"


def manifests_and_versions_are_read():
    one = collection()
    ids = []
    for page in as_pages(one.get_manifest, per_request=9):
        ids += [entry["id"] for entry in page.get("objects", [])]
    assert set(ADDED) <= set(ids)
    assert len(one.object_versions(ADDED[0])["versions"]) == 1


def filters_are_kept():
    one = collection()
    assert [x["id"] for x in one.get_objects(id=ADDED[3])["objects"]] == [ADDED[3]]
    assert one.get_objects(type="x-not-there", added_after=datetime.now(timezone.utc)) == {}
    two = one.get_objects(id=ADDED[3:5], type=["indicator", "malware"], version=["first", "last"])
    assert [x["id"] for x in two["objects"]] == ADDED[3:5]


def one_object_is_got_and_deleted():
    one = collection()
    assert one.get_object(ADDED[-1])["objects"][0]["id"] == ADDED[-1]
    one.delete_object(ADDED[-1])
    try:
        one.get_object(ADDED.pop())
        raise AssertionError("it is still there")
    except requests.HTTPError as error:
        assert error.response.status_code == 404


def stix2_reads_and_writes():
    made = stix2.v21.Indicator(pattern="[url:value = 'http://a.example/']", pattern_type="stix")
    TAXIICollectionSink(collection()).add(made)
    source = TAXIICollectionSource(collection())
    assert source.get(made.id) == made
    assert source.all_versions(made.id) == [made]
    assert made in source.query([Filter("type", "=", "indicator"), Filter("id", "=", made.id)])
    assert source.get(f"indicator--{uuid.uuid4()}") is None
    store = TAXIICollectionStore(collection())
    marked = stix2.v21.Malware(
        name="marked", is_family=False, object_marking_refs=[stix2.TLP_WHITE]
    )
    store.add(marked)
    assert store.get(marked.id) == marked


def pycti_posts_a_bundle():
    """OpenCTI's connectors post a STIX bundle with its own media type."""
    one = indicator("from a connector", x_opencti_score=50)
    bundle = {"type": "bundle", "id": f"bundle--{uuid.uuid4()}", "objects": [one]}
    headers = {"Content-Type": "application/stix+json; version=2.1", "Accept": TAXII}
    answer = SESSION.post(OBJECTS, data=json.dumps(bundle), headers=headers)
    assert answer.status_code == 202 and answer.json()["success_count"] == 1, answer.text
    back = SESSION.get(f"{OBJECTS}{one['id']}/", headers={"Accept": TAXII}).json()
    assert back["objects"][0]["x_opencti_score"] == 50


def pollers_go_on_from_the_header():
    after, seen = "2020-01-01T00:00:00Z", []
    while True:
        answer = SESSION.get(
            OBJECTS, params={"added_after": after, "limit": 10}, headers={"Accept": TAXII}
        )
        body = answer.json()
        seen += [one["id"] for one in body.get("objects", [])]
        after = answer.headers["X-TAXII-Date-Added-Last"]
        if not body.get("more"):
            break
    assert len(seen) == len(set(seen)) and set(ADDED) <= set(seen)


def odd_spellings_are_understood():
    for accept in ["application/taxii+json; version=2.1", "application/taxii+json", "*/*"]:
        assert SESSION.get(URL.rstrip("/"), headers={"Accept": accept}).status_code == 200, accept
    packed = gzip.compress(json.dumps({"objects": [indicator("packed")]}).encode())
    headers = {"Content-Type": TAXII, "Content-Encoding": "gzip"}
    assert SESSION.post(OBJECTS, data=packed, headers=headers).json()["success_count"] == 1
    chunks = (part for part in [b'{"objects":[', json.dumps(indicator("c")).encode(), b"]}"])
    answer = SESSION.post(OBJECTS, data=chunks, headers={"Content-Type": TAXII})
    assert answer.json()["success_count"] == 1, answer.text


def a_client_of_taxii_2_0_is_told():
    old = "application/vnd.oasis.taxii+json; version=2.0"
    answer = SESSION.get(DISCOVERY, headers={"Accept": old})
    assert answer.status_code == 406 and "TAXII 2.1" in answer.json()["description"]
    try:
        Server20(DISCOVERY, user=USER, password=PASSWORD).refresh()
        raise AssertionError("it was let in")
    except requests.HTTPError as error:
        assert error.response.status_code == 406


def strangers_learn_nothing():
    for path in ["/taxii2/", "/taxii2/api/", "/nowhere/", f"/taxii2/api/collections/{COLLECTION}/"]:
        answer = requests.get(ORIGIN + path, headers={"Accept": TAXII})
        assert answer.status_code == 401 and "Basic" in answer.headers["WWW-Authenticate"]


CHECKS = [
    server_and_roots_are_found, objects_are_added_and_their_fate_is_told,
    pages_have_each_object_once, manifests_and_versions_are_read, filters_are_kept,
    one_object_is_got_and_deleted, stix2_reads_and_writes, pycti_posts_a_bundle,
    pollers_go_on_from_the_header, odd_spellings_are_understood, a_client_of_taxii_2_0_is_told,
    strangers_learn_nothing,
]

failed = 0
for check in CHECKS:
    try:
        check()
        print(f"ok      {check.__name__}")
    except Exception as error:  # every other check is still worth its run
        failed += 1
        print(f"FAILED  {check.__name__}: {type(error).__name__}: {str(error)[:300]}")
sys.exit(1 if failed else 0)
