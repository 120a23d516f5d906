"""Writes ids.json and tables.txt from the Python library `stix2`, as evidence from elsewhere.

    python3 -m venv target/tools/venv
    target/tools/venv/bin/pip install stix2==3.0.2
    cd crates/noroshi-formats/test-data/stix2-library
    ../../../../target/tools/venv/bin/python make.py
"""

import json

import stix2.properties as p
import stix2.v21 as v
from stix2.v21 import observables as o

U = "8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"
MD5, SHA1, SHA256, SHA512 = "a" * 32, "b" * 40, "c" * 64, "d" * 128

OBJECTS = [
    v.Artifact(payload_bin="iVBORw0KGgo="),
    v.Artifact(url="https://a.example/f", hashes={"SHA-256": SHA256, "MD5": MD5}),
    v.AutonomousSystem(number=15139, name="Slime Industries"),
    v.Directory(path="C:\\Windows\\System32"),
    v.Directory(path="/home/\u70fd\u706b"),
    v.DomainName(value="example.com"),
    v.DomainName(value="\u4f8b\u3048.jp"),
    v.EmailAddress(value="john@example.com", display_name="John Doe"),
    v.EmailMessage(is_multipart=False, from_ref="email-addr--" + U, subject="Hi \U0001f525", body="a\r\nb"),
    v.File(name="foo.dll"),
    v.File(name="foo.dll", hashes={"SHA-512": SHA512, "SHA-256": SHA256, "SHA-1": SHA1}),
    v.File(hashes={"SHA3-256": SHA256}, parent_directory_ref="directory--" + U, size=7),
    v.File(name="a.pdf", extensions={"pdf-ext": {"version": "1.7", "is_optimized": True}}),
    v.IPv4Address(value="198.51.100.3"),
    v.IPv4Address(value="198.51.100.0/24"),
    v.IPv6Address(value="2001:0db8:85a3:0000:0000:8a2e:0370:7334"),
    v.MACAddress(value="d2:fb:49:24:37:18"),
    v.Mutex(name="__CLEANSWEEP__"),
    v.NetworkTraffic(src_ref="ipv4-addr--" + U, dst_ref="domain-name--" + U, src_port=24678, dst_port=80,
                     protocols=["ipv4", "tcp", "http"], start="2026-01-02T03:04:05Z"),
    v.NetworkTraffic(dst_ref="ipv6-addr--" + U, protocols=["icmp"], start="2026-01-02T03:04:05.25Z",
                     end="2026-01-02T03:04:06.123456Z", is_active=False,
                     extensions={"icmp-ext": {"icmp_type_hex": "08", "icmp_code_hex": "00"}}),
    v.Process(pid=1221, command_line="./gedit-bin --new-window"),
    v.Software(name="Word", cpe="cpe:2.3:a:microsoft:word:2000:*:*:*:*:*:*:*", version="2002", vendor="Microsoft"),
    v.URL(value="https://example.com/research/index.html?a=\u00e9"),
    v.UserAccount(user_id="1001", account_login="jdoe", account_type="unix", display_name="John Doe"),
    v.UserAccount(account_login="qrzTalker4514", account_type="fake-app"),
    v.WindowsRegistryKey(key="HKEY_LOCAL_MACHINE\\System\\Foo\\Bar",
                         values=[{"name": "Foo", "data": "qwerty", "data_type": "REG_SZ"}]),
    v.X509Certificate(issuer="C=ZA", serial_number="36:f7:d4:32:f4:ab:70:ea:d3:ce:98:6e:ea:99:93:49:32:0a:b7:06"),
    v.X509Certificate(hashes={"SHA-1": SHA1, "SHA-256": SHA256}, serial_number="1"),
]

SORTED = sorted((json.loads(it.serialize()) for it in OBJECTS), key=lambda it: it["type"])
with open("ids.json", "w", encoding="utf-8") as out:
    json.dump(SORTED, out, ensure_ascii=False, indent=1)
    out.write("\n")

ABSTRACT = {"SDO", "SRO", "SCO"}


def kind(prop):
    """The kind of a property in one word, with its words or types where it has a closed set."""
    if isinstance(prop, p.ListProperty):
        inner = prop.contained
        return "list of " + (kind(inner) if isinstance(inner, p.Property) else "part")
    if isinstance(prop, p.EnumProperty):
        return "enum " + " ".join(prop.allowed)
    if isinstance(prop, p.OpenVocabProperty):
        return "vocabulary " + " ".join(prop.allowed)
    if isinstance(prop, p.ReferenceProperty):
        named = sorted(prop.specifics) if prop.auth_type == p.ReferenceProperty._WHITELIST else []
        return "ref " + " ".join(named) if named and not prop.generics else "ref"
    if isinstance(prop, p.IntegerProperty):
        return f"integer {prop.min} {prop.max}"
    return type(prop).__name__.removesuffix("Property").lower()


TYPES = {**v.OBJ_MAP, **v.OBJ_MAP_OBSERVABLE}
TYPES.pop("bundle", None)
EXTENSIONS = [it for it in vars(o).values() if isinstance(it, type) and issubclass(it, o._Extension) and it is not o._Extension]
with open("tables.txt", "w", encoding="utf-8") as out:
    rows = sorted(TYPES.items()) + sorted((it._type, it) for it in EXTENSIONS)
    for name, shape in rows:
        for prop_name, prop in sorted(shape._properties.items()):
            if prop_name in ("type", "id", "spec_version", "extension_type"):
                continue
            need = "must" if prop.required else "may"
            out.write(f"{name} {prop_name} {need} {kind(prop)}".rstrip() + "\n")
