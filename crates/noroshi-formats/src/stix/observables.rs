//! Cyber-observable objects of STIX 2.1, their parts and predefined extensions as data, in order
//! of name.
//!
//! Source: STIX 2.1 (OASIS Standard, 10 June 2021), section 6. What an observable's id is made
//! from is in `sco_id.rs`.

use super::forms::Form as Written;
use super::laws::Law::{AnyOf, Needs, NotBoth, NotEarlier, OnlyWhere, Something};
use super::shape::Kind::{
    Base64, Bool, Choice, Dictionary, Form, Forms, Hashes, Hex, Id, Ids, IdsNot, Integer, Number,
    Part, Parts, Text, Texts, Time, Word,
};
use super::shape::{Entry, Kind, Shape, may, must, part, shapes};
use super::table::OBSERVABLE;
use super::words::{
    ACCOUNT_TYPES, ADDRESS_FAMILIES, ENCRYPTION_ALGORITHMS, INTEGRITY_LEVELS, PE_TYPES,
    REGISTRY_TYPES, SERVICE_START_TYPES, SERVICE_STATUSES, SERVICE_TYPES, SOCKET_TYPES,
};

const WHOLE_MAX: i64 = i64::MAX;
/// A whole number that cannot be negative.
const SIZE: Kind = Integer(0, WHOLE_MAX);
/// Any whole number.
const WHOLE: Kind = Integer(-WHOLE_MAX, WHOLE_MAX);
const PORT: Kind = Integer(0, 65_535);
const MAILBOX: Kind = Id(&["email-addr"]);
const MAILBOXES: Kind = Ids(&["email-addr"]);
const ADDRESS: Kind = Id(&["domain-name", "ipv4-addr", "ipv6-addr", "mac-addr"]);
const SYSTEMS: Kind = Ids(&["autonomous-system"]);
const NETWORK_CARDS: Kind = Ids(&["mac-addr"]);
/// What lies in a folder or archive.
const FILES: Kind = Ids(&["directory", "file"]);
/// What cannot lie in a file: anything that is no observable and known not to be one.
const NO_CONTENT: &[&str] = &["bundle", "marking-definition", "relationship", "sighting"];

/// A part of a multipart message (6.6.2).
static MIME_PART: Shape = part!(
    "mime-part-type",
    "STIX 2.1, 6.6.2",
    [
        may("body", Text),
        may("body_raw_ref", Id(&["artifact", "file"])),
        may("content_type", Text),
        may("content_disposition", Text),
    ],
    [AnyOf(&["body", "body_raw_ref"])]
);
/// A stream beside a file's content (6.7.3).
static DATA_STREAM: Shape = part!(
    "alternate-data-stream-type",
    "STIX 2.1, 6.7.3",
    [must("name", Text), may("hashes", Hashes), may("size", SIZE)],
    []
);
/// The optional header of a Windows executable (6.7.6).
static PE_HEADER: Shape = part!(
    "windows-pe-optional-header-type",
    "STIX 2.1, 6.7.6.2",
    [
        may("magic_hex", Hex),
        may("major_linker_version", WHOLE),
        may("minor_linker_version", WHOLE),
        may("size_of_code", SIZE),
        may("size_of_initialized_data", SIZE),
        may("size_of_uninitialized_data", SIZE),
        may("address_of_entry_point", WHOLE),
        may("base_of_code", WHOLE),
        may("base_of_data", WHOLE),
        may("image_base", WHOLE),
        may("section_alignment", WHOLE),
        may("file_alignment", WHOLE),
        may("major_os_version", WHOLE),
        may("minor_os_version", WHOLE),
        may("major_image_version", WHOLE),
        may("minor_image_version", WHOLE),
        may("major_subsystem_version", WHOLE),
        may("minor_subsystem_version", WHOLE),
        may("win32_version_value_hex", Hex),
        may("size_of_image", SIZE),
        may("size_of_headers", SIZE),
        may("checksum_hex", Hex),
        may("subsystem_hex", Hex),
        may("dll_characteristics_hex", Hex),
        may("size_of_stack_reserve", SIZE),
        may("size_of_stack_commit", SIZE),
        may("size_of_heap_reserve", SIZE),
        may("size_of_heap_commit", SIZE),
        may("loader_flags_hex", Hex),
        may("number_of_rva_and_sizes", WHOLE),
        may("hashes", Hashes),
    ],
    [Something]
);
/// A section of a Windows executable (6.7.6).
static PE_SECTION: Shape = part!(
    "windows-pe-section-type",
    "STIX 2.1, 6.7.6.3",
    [
        must("name", Text),
        may("size", SIZE),
        may("entropy", Number(i32::MIN, i32::MAX)),
        may("hashes", Hashes),
    ],
    []
);
/// A value of a registry key (6.17.2).
static REGISTRY_VALUE: Shape = part!(
    "windows-registry-value-type",
    "STIX 2.1, 6.17.2",
    [
        may("name", Text),
        may("data", Text),
        may("data_type", Choice(REGISTRY_TYPES)),
    ],
    [Something]
);
/// Extensions of a certificate (6.18.2).
static CERTIFICATE_EXTENSIONS: Shape = part!(
    "x509-v3-extensions-type",
    "STIX 2.1, 6.18.2",
    [
        may("basic_constraints", Text),
        may("name_constraints", Text),
        may("policy_constraints", Text),
        may("key_usage", Text),
        may("extended_key_usage", Text),
        may("subject_key_identifier", Text),
        may("authority_key_identifier", Text),
        may("subject_alternative_name", Text),
        may("issuer_alternative_name", Text),
        may("subject_directory_attributes", Text),
        may("crl_distribution_points", Text),
        may("inhibit_any_policy", Text),
        may("private_key_usage_period_not_before", Time),
        may("private_key_usage_period_not_after", Time),
        may("certificate_policies", Text),
        may("policy_mappings", Text),
    ],
    [Something]
);

/// The extensions that the standard itself defines: on which type, and their shape.
pub(super) static EXTENSIONS: &[(&str, Shape)] = &[
    (
        "file",
        part!(
            "archive-ext",
            "STIX 2.1, 6.7.2",
            [must("contains_refs", FILES), may("comment", Text)],
            []
        ),
    ),
    (
        "network-traffic",
        part!(
            "http-request-ext",
            "STIX 2.1, 6.12.2",
            [
                must("request_method", Text),
                must("request_value", Text),
                may("request_version", Text),
                // A header that stands twice needs a list; one string is widespread, so noted.
                may("request_header", Dictionary(Entry::Texts)),
                may("message_body_length", WHOLE),
                may("message_body_data_ref", Id(&["artifact"])),
            ],
            []
        ),
    ),
    (
        "network-traffic",
        part!(
            "icmp-ext",
            "STIX 2.1, 6.12.3",
            [must("icmp_type_hex", Hex), must("icmp_code_hex", Hex)],
            []
        ),
    ),
    (
        "file",
        part!(
            "ntfs-ext",
            "STIX 2.1, 6.7.3",
            [
                may("sid", Text),
                may("alternate_data_streams", Parts(&DATA_STREAM)),
            ],
            [Something]
        ),
    ),
    (
        "file",
        part!(
            "pdf-ext",
            "STIX 2.1, 6.7.4",
            [
                may("version", Text),
                may("is_optimized", Bool),
                may("document_info_dict", Dictionary(Entry::Text)),
                may("pdfid0", Text),
                may("pdfid1", Text),
            ],
            [Something]
        ),
    ),
    (
        "file",
        part!(
            "raster-image-ext",
            "STIX 2.1, 6.7.5",
            [
                may("image_height", WHOLE),
                may("image_width", WHOLE),
                may("bits_per_pixel", WHOLE),
                may("exif_tags", Dictionary(Entry::TextOrInteger)),
            ],
            [Something]
        ),
    ),
    (
        "network-traffic",
        part!(
            "socket-ext",
            "STIX 2.1, 6.12.4",
            [
                must("address_family", Choice(ADDRESS_FAMILIES)),
                may("is_blocking", Bool),
                may("is_listening", Bool),
                may("options", Dictionary(Entry::Integer)),
                may("socket_type", Choice(SOCKET_TYPES)),
                may("socket_descriptor", SIZE),
                may("socket_handle", WHOLE),
            ],
            []
        ),
    ),
    (
        "network-traffic",
        part!(
            "tcp-ext",
            "STIX 2.1, 6.12.5",
            [may("src_flags_hex", Hex), may("dst_flags_hex", Hex)],
            [Something]
        ),
    ),
    (
        "user-account",
        part!(
            "unix-account-ext",
            "STIX 2.1, 6.16.2",
            [
                may("gid", WHOLE),
                may("groups", Texts),
                may("home_dir", Text),
                may("shell", Text),
            ],
            [Something]
        ),
    ),
    (
        "file",
        part!(
            "windows-pebinary-ext",
            "STIX 2.1, 6.7.6",
            [
                must("pe_type", Word(PE_TYPES)),
                may("imphash", Text),
                may("machine_hex", Hex),
                may("number_of_sections", SIZE),
                may("time_date_stamp", Time),
                may("pointer_to_symbol_table_hex", Hex),
                may("number_of_symbols", SIZE),
                may("size_of_optional_header", SIZE),
                may("characteristics_hex", Hex),
                may("file_header_hashes", Hashes),
                may("optional_header", Part(&PE_HEADER)),
                may("sections", Parts(&PE_SECTION)),
            ],
            []
        ),
    ),
    (
        "process",
        part!(
            "windows-process-ext",
            "STIX 2.1, 6.13.2",
            [
                may("aslr_enabled", Bool),
                may("dep_enabled", Bool),
                may("priority", Text),
                may("owner_sid", Text),
                may("window_title", Text),
                may("startup_info", Dictionary(Entry::Any)),
                may("integrity_level", Choice(INTEGRITY_LEVELS)),
            ],
            [Something]
        ),
    ),
    (
        "process",
        part!(
            "windows-service-ext",
            "STIX 2.1, 6.13.3",
            [
                may("service_name", Text),
                may("descriptions", Texts),
                may("display_name", Text),
                may("group_name", Text),
                may("start_type", Choice(SERVICE_START_TYPES)),
                may("service_dll_refs", Ids(&["file"])),
                may("service_type", Choice(SERVICE_TYPES)),
                may("service_status", Choice(SERVICE_STATUSES)),
            ],
            [Something]
        ),
    ),
];

/// Every type.
pub(super) static TYPES: &[Shape] = shapes! {
    "artifact" "STIX 2.1, 6.1" OBSERVABLE {
        may("mime_type", Form(Written::MediaType)), may("payload_bin", Base64),
        may("url", Form(Written::Url)), may("hashes", Hashes),
        may("encryption_algorithm", Choice(ENCRYPTION_ALGORITHMS)), may("decryption_key", Text),
    } [
        AnyOf(&["payload_bin", "url"]), NotBoth("payload_bin", "url"), Needs("url", "hashes"),
        Needs("decryption_key", "encryption_algorithm"),
    ]
    "autonomous-system" "STIX 2.1, 6.2" OBSERVABLE {
        must("number", SIZE), may("name", Text), may("rir", Text),
    } []
    "directory" "STIX 2.1, 6.3" OBSERVABLE {
        must("path", Text), may("path_enc", Text), may("ctime", Time), may("mtime", Time),
        may("atime", Time), may("contains_refs", FILES),
    } []
    "domain-name" "STIX 2.1, 6.4" OBSERVABLE {
        must("value", Form(Written::Domain)),
        may("resolves_to_refs", Ids(&["domain-name", "ipv4-addr", "ipv6-addr"])),
    } []
    "email-addr" "STIX 2.1, 6.5" OBSERVABLE {
        must("value", Form(Written::Email)), may("display_name", Text),
        may("belongs_to_ref", Id(&["user-account"])),
    } []
    "email-message" "STIX 2.1, 6.6" OBSERVABLE {
        must("is_multipart", Bool), may("date", Time), may("content_type", Text),
        may("from_ref", MAILBOX), may("sender_ref", MAILBOX), may("to_refs", MAILBOXES),
        may("cc_refs", MAILBOXES), may("bcc_refs", MAILBOXES), may("message_id", Text),
        may("subject", Text), may("received_lines", Texts),
        may("additional_header_fields", Dictionary(Entry::TextOrTexts)), may("body", Text),
        may("body_multipart", Parts(&MIME_PART)), may("raw_email_ref", Id(&["artifact"])),
    } [
        OnlyWhere("body", "is_multipart", false), OnlyWhere("body_multipart", "is_multipart", true),
    ]
    "file" "STIX 2.1, 6.7" OBSERVABLE {
        may("hashes", Hashes), may("size", SIZE), may("name", Text), may("name_enc", Text),
        may("magic_number_hex", Hex), may("mime_type", Form(Written::MediaType)),
        may("ctime", Time), may("mtime", Time), may("atime", Time),
        may("parent_directory_ref", Id(&["directory"])), may("contains_refs", IdsNot(NO_CONTENT)),
        may("content_ref", Id(&["artifact"])),
    } [AnyOf(&["hashes", "name"])]
    "ipv4-addr" "STIX 2.1, 6.8" OBSERVABLE {
        must("value", Form(Written::Ipv4)), may("resolves_to_refs", NETWORK_CARDS),
        may("belongs_to_refs", SYSTEMS),
    } []
    "ipv6-addr" "STIX 2.1, 6.9" OBSERVABLE {
        must("value", Form(Written::Ipv6)), may("resolves_to_refs", NETWORK_CARDS),
        may("belongs_to_refs", SYSTEMS),
    } []
    "mac-addr" "STIX 2.1, 6.10" OBSERVABLE { must("value", Form(Written::Mac)), } []
    "mutex" "STIX 2.1, 6.11" OBSERVABLE { must("name", Text), } []
    "network-traffic" "STIX 2.1, 6.12" OBSERVABLE {
        may("start", Time), may("end", Time), may("is_active", Bool), may("src_ref", ADDRESS),
        may("dst_ref", ADDRESS), may("src_port", PORT), may("dst_port", PORT),
        must("protocols", Forms(Written::Protocol)), may("src_byte_count", SIZE),
        may("dst_byte_count", SIZE), may("src_packets", SIZE), may("dst_packets", SIZE),
        may("ipfix", Dictionary(Entry::TextOrInteger)), may("src_payload_ref", Id(&["artifact"])),
        may("dst_payload_ref", Id(&["artifact"])),
        may("encapsulates_refs", Ids(&["network-traffic"])),
        may("encapsulated_by_ref", Id(&["network-traffic"])),
    } [
        AnyOf(&["src_ref", "dst_ref"]), NotEarlier("start", "end"),
        OnlyWhere("end", "is_active", false),
    ]
    "process" "STIX 2.1, 6.13" OBSERVABLE {
        may("is_hidden", Bool), may("pid", WHOLE), may("created_time", Time), may("cwd", Text),
        may("command_line", Text), may("environment_variables", Dictionary(Entry::Text)),
        may("opened_connection_refs", Ids(&["network-traffic"])),
        may("creator_user_ref", Id(&["user-account"])), may("image_ref", Id(&["file"])),
        may("parent_ref", Id(&["process"])), may("child_refs", Ids(&["process"])),
    } [Something]
    "software" "STIX 2.1, 6.14" OBSERVABLE {
        must("name", Text), may("cpe", Form(Written::Cpe)), may("swid", Text),
        may("languages", Forms(Written::Language)), may("vendor", Text), may("version", Text),
    } []
    "url" "STIX 2.1, 6.15" OBSERVABLE { must("value", Form(Written::Url)), } []
    "user-account" "STIX 2.1, 6.16" OBSERVABLE {
        may("user_id", Text), may("credential", Text), may("account_login", Text),
        may("account_type", Word(ACCOUNT_TYPES)), may("display_name", Text),
        may("is_service_account", Bool), may("is_privileged", Bool),
        may("can_escalate_privs", Bool), may("is_disabled", Bool), may("account_created", Time),
        may("account_expires", Time), may("credential_last_changed", Time),
        may("account_first_login", Time), may("account_last_login", Time),
    } [Something]
    "windows-registry-key" "STIX 2.1, 6.17" OBSERVABLE {
        may("key", Form(Written::RegistryKey)), may("values", Parts(&REGISTRY_VALUE)),
        may("modified_time", Time), may("creator_user_ref", Id(&["user-account"])),
        may("number_of_subkeys", WHOLE),
    } [Something]
    "x509-certificate" "STIX 2.1, 6.18" OBSERVABLE {
        may("is_self_signed", Bool), may("hashes", Hashes), may("version", Text),
        may("serial_number", Text), may("signature_algorithm", Text), may("issuer", Text),
        may("validity_not_before", Time), may("validity_not_after", Time), may("subject", Text),
        may("subject_public_key_algorithm", Text), may("subject_public_key_modulus", Text),
        may("subject_public_key_exponent", WHOLE),
        may("x509_v3_extensions", Part(&CERTIFICATE_EXTENSIONS)),
    } [Something]
};
