"""Mutual TLS as requests does it. Arguments: origin (https), the server's certificate, and certificate
and key of a client that may read."""

import sys

import requests

ORIGIN, SERVER, CERTIFICATE, KEY = sys.argv[1:5]


def status(path, **shown):
    headers = {"Accept": "application/taxii+json;version=2.1"}
    return requests.get(ORIGIN + path, headers=headers, verify=SERVER, **shown).status_code


PAIR = (CERTIFICATE, KEY)
assert status("/taxii2/api/collections/") == 401, "nobody"
assert status("/taxii2/api/collections/", cert=PAIR) == 200, "the key is the client's"
assert status("/taxii2/api/collections/all/objects/", cert=PAIR) == 200
# A credential that is wrong never falls back to the certificate.
assert status("/taxii2/", cert=PAIR, auth=("bench-1", "wrong")) == 401
print("ok      a_client_certificate_is_its_client")
