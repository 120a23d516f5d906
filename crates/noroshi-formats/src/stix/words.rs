//! Vocabularies and enumerations of STIX 2.1, as data.
//!
//! Source: STIX 2.1 (OASIS Standard, 10 June 2021), section 10. Its names end in `-ov` (open: other
//! words are allowed, and noted) or `-enum` (closed: other words are errors). Which of the two a
//! property takes is said by its row: `Word` or `Choice`.

type Words = &'static [&'static str];

/// account-type-ov, 10.1.
pub(super) const ACCOUNT_TYPES: Words = &[
    "facebook",
    "ldap",
    "nis",
    "openid",
    "radius",
    "skype",
    "tacacs",
    "twitter",
    "unix",
    "windows-local",
    "windows-domain",
];
/// attack-motivation-ov, 10.2.
pub(super) const MOTIVATIONS: Words = &[
    "accidental",
    "coercion",
    "dominance",
    "ideology",
    "notoriety",
    "organizational-gain",
    "personal-gain",
    "personal-satisfaction",
    "revenge",
    "unpredictable",
];
/// attack-resource-level-ov, 10.3.
pub(super) const RESOURCE_LEVELS: Words = &[
    "individual",
    "club",
    "contest",
    "team",
    "organization",
    "government",
];
/// encryption-algorithm-enum, 10.4.
pub(super) const ENCRYPTION_ALGORITHMS: Words =
    &["AES-256-GCM", "ChaCha20-Poly1305", "mime-type-indicated"];
/// extension-type-enum, 10.5.
pub(super) const EXTENSION_TYPES: Words = &[
    "new-sdo",
    "new-sco",
    "new-sro",
    "property-extension",
    "toplevel-property-extension",
];
/// grouping-context-ov, 10.6.
pub(super) const GROUPING_CONTEXTS: Words =
    &["suspicious-activity", "malware-analysis", "unspecified"];
/// identity-class-ov, 10.8.
pub(super) const IDENTITY_CLASSES: Words = &[
    "individual",
    "group",
    "system",
    "organization",
    "class",
    "unknown",
];
/// implementation-language-ov, 10.9.
pub(super) const IMPLEMENTATION_LANGUAGES: Words = &[
    "applescript",
    "bash",
    "c",
    "c++",
    "c#",
    "go",
    "java",
    "javascript",
    "lua",
    "objective-c",
    "perl",
    "php",
    "powershell",
    "python",
    "ruby",
    "scala",
    "swift",
    "typescript",
    "visual-basic",
    "x86-32",
    "x86-64",
];
/// indicator-type-ov, 10.10.
pub(super) const INDICATOR_TYPES: Words = &[
    "anomalous-activity",
    "anonymization",
    "benign",
    "compromised",
    "malicious-activity",
    "attribution",
    "unknown",
];
/// industry-sector-ov, 10.11.
pub(super) const SECTORS: Words = &[
    "agriculture",
    "aerospace",
    "automotive",
    "chemical",
    "commercial",
    "communications",
    "construction",
    "defense",
    "education",
    "energy",
    "entertainment",
    "financial-services",
    "government",
    "emergency-services",
    "government-national",
    "government-regional",
    "government-local",
    "government-public-services",
    "healthcare",
    "hospitality-leisure",
    "infrastructure",
    "dams",
    "nuclear",
    "water",
    "insurance",
    "manufacturing",
    "mining",
    "non-profit",
    "pharmaceuticals",
    "retail",
    "technology",
    "telecommunications",
    "transportation",
    "utilities",
];
/// infrastructure-type-ov, 10.12.
pub(super) const INFRASTRUCTURE_TYPES: Words = &[
    "amplification",
    "anonymization",
    "botnet",
    "command-and-control",
    "control-system",
    "exfiltration",
    "firewall",
    "hosting-malware",
    "hosting-target-lists",
    "phishing",
    "reconnaissance",
    "routers-switches",
    "staging",
    "workstation",
    "unknown",
];
/// malware-result-ov, 10.13.
pub(super) const MALWARE_RESULTS: Words = &["malicious", "suspicious", "benign", "unknown"];
/// malware-capabilities-ov, 10.14.
pub(super) const MALWARE_CAPABILITIES: Words = &[
    "accesses-remote-machines",
    "anti-debugging",
    "anti-disassembly",
    "anti-emulation",
    "anti-memory-forensics",
    "anti-sandbox",
    "anti-vm",
    "captures-input-peripherals",
    "captures-output-peripherals",
    "captures-system-state-data",
    "cleans-traces-of-infection",
    "commits-fraud",
    "communicates-with-c2",
    "compromises-data-availability",
    "compromises-data-integrity",
    "compromises-system-availability",
    "controls-local-machine",
    "degrades-security-software",
    "degrades-system-updates",
    "determines-c2-server",
    "emails-spam",
    "escalates-privileges",
    "evades-av",
    "exfiltrates-data",
    "fingerprints-host",
    "hides-artifacts",
    "hides-executing-code",
    "infects-files",
    "infects-remote-machines",
    "installs-other-components",
    "persists-after-system-reboot",
    "prevents-artifact-access",
    "prevents-artifact-deletion",
    "probes-network-environment",
    "self-modifies",
    "steals-authentication-credentials",
    "violates-system-operational-integrity",
];
/// malware-type-ov, 10.15.
pub(super) const MALWARE_TYPES: Words = &[
    "adware",
    "backdoor",
    "bot",
    "bootkit",
    "ddos",
    "downloader",
    "dropper",
    "exploit-kit",
    "keylogger",
    "ransomware",
    "remote-access-trojan",
    "resource-exploitation",
    "rogue-security-software",
    "rootkit",
    "screen-capture",
    "spyware",
    "trojan",
    "unknown",
    "virus",
    "webshell",
    "wiper",
    "worm",
];
/// network-socket-address-family-enum, 10.16.
pub(super) const ADDRESS_FAMILIES: Words = &[
    "AF_UNSPEC",
    "AF_INET",
    "AF_IPX",
    "AF_APPLETALK",
    "AF_NETBIOS",
    "AF_INET6",
    "AF_IRDA",
    "AF_BTH",
];
/// network-socket-type-enum, 10.17.
pub(super) const SOCKET_TYPES: Words = &[
    "SOCK_STREAM",
    "SOCK_DGRAM",
    "SOCK_RAW",
    "SOCK_RDM",
    "SOCK_SEQPACKET",
];
/// opinion-enum, 10.18.
pub(super) const OPINIONS: Words = &[
    "strongly-disagree",
    "disagree",
    "neutral",
    "agree",
    "strongly-agree",
];
/// pattern-type-ov, 10.19.
pub(super) const PATTERN_TYPES: Words = &["stix", "pcre", "sigma", "snort", "suricata", "yara"];
/// processor-architecture-ov, 10.20.
pub(super) const ARCHITECTURES: Words = &[
    "alpha", "arm", "ia-64", "mips", "powerpc", "sparc", "x86", "x86-64",
];
/// region-ov, 10.21.
pub(super) const REGIONS: Words = &[
    "africa",
    "eastern-africa",
    "middle-africa",
    "northern-africa",
    "southern-africa",
    "western-africa",
    "americas",
    "latin-america-caribbean",
    "south-america",
    "caribbean",
    "central-america",
    "northern-america",
    "asia",
    "central-asia",
    "eastern-asia",
    "southern-asia",
    "south-eastern-asia",
    "western-asia",
    "europe",
    "eastern-europe",
    "northern-europe",
    "southern-europe",
    "western-europe",
    "oceania",
    "antarctica",
    "australia-new-zealand",
    "melanesia",
    "micronesia",
    "polynesia",
];
/// report-type-ov, 10.22.
pub(super) const REPORT_TYPES: Words = &[
    "attack-pattern",
    "campaign",
    "identity",
    "indicator",
    "intrusion-set",
    "malware",
    "observed-data",
    "threat-actor",
    "threat-report",
    "tool",
    "vulnerability",
];
/// threat-actor-type-ov, 10.23.
pub(super) const THREAT_ACTOR_TYPES: Words = &[
    "activist",
    "competitor",
    "crime-syndicate",
    "criminal",
    "hacker",
    "insider-accidental",
    "insider-disgruntled",
    "nation-state",
    "sensationalist",
    "spy",
    "terrorist",
    "unknown",
];
/// threat-actor-role-ov, 10.24.
pub(super) const THREAT_ACTOR_ROLES: Words = &[
    "agent",
    "director",
    "independent",
    "infrastructure-architect",
    "infrastructure-operator",
    "malware-author",
    "sponsor",
];
/// threat-actor-sophistication-ov, 10.25.
pub(super) const SOPHISTICATIONS: Words = &[
    "none",
    "minimal",
    "intermediate",
    "advanced",
    "expert",
    "innovator",
    "strategic",
];
/// tool-type-ov, 10.26.
pub(super) const TOOL_TYPES: Words = &[
    "denial-of-service",
    "exploitation",
    "information-gathering",
    "network-capture",
    "credential-exploitation",
    "remote-access",
    "vulnerability-scanning",
    "unknown",
];
/// windows-integrity-level-enum, 10.27.
pub(super) const INTEGRITY_LEVELS: Words = &["low", "medium", "high", "system"];
/// windows-pebinary-type-ov, 10.28.
pub(super) const PE_TYPES: Words = &["dll", "exe", "sys"];
/// windows-registry-datatype-enum, 10.29.
pub(super) const REGISTRY_TYPES: Words = &[
    "REG_NONE",
    "REG_SZ",
    "REG_EXPAND_SZ",
    "REG_BINARY",
    "REG_DWORD",
    "REG_DWORD_BIG_ENDIAN",
    "REG_DWORD_LITTLE_ENDIAN",
    "REG_LINK",
    "REG_MULTI_SZ",
    "REG_RESOURCE_LIST",
    "REG_FULL_RESOURCE_DESCRIPTION",
    "REG_RESOURCE_REQUIREMENTS_LIST",
    "REG_QWORD",
    "REG_INVALID_TYPE",
];
/// windows-service-start-type-enum, 10.30.
pub(super) const SERVICE_START_TYPES: Words = &[
    "SERVICE_AUTO_START",
    "SERVICE_BOOT_START",
    "SERVICE_DEMAND_START",
    "SERVICE_DISABLED",
    "SERVICE_SYSTEM_ALERT",
];
/// windows-service-type-enum, 10.31.
pub(super) const SERVICE_TYPES: Words = &[
    "SERVICE_KERNEL_DRIVER",
    "SERVICE_FILE_SYSTEM_DRIVER",
    "SERVICE_WIN32_OWN_PROCESS",
    "SERVICE_WIN32_SHARE_PROCESS",
];
/// windows-service-status-enum, 10.32.
pub(super) const SERVICE_STATUSES: Words = &[
    "SERVICE_CONTINUE_PENDING",
    "SERVICE_PAUSE_PENDING",
    "SERVICE_PAUSED",
    "SERVICE_RUNNING",
    "SERVICE_START_PENDING",
    "SERVICE_STOP_PENDING",
    "SERVICE_STOPPED",
];
/// The type of a marking's definition, 7.2.1: the standard has two and keeps both open.
pub(super) const DEFINITION_TYPES: Words = &["statement", "tlp"];
/// hash-algorithm-ov, 10.7, with the number of hexadecimal digits; 0: another form.
pub(super) const HASH_ALGORITHMS: &[(&str, usize)] = &[
    ("MD5", 32),
    ("SHA-1", 40),
    ("SHA-256", 64),
    ("SHA-512", 128),
    ("SHA3-256", 64),
    ("SHA3-512", 128),
    ("SSDEEP", 0),
    ("TLSH", 0),
];
