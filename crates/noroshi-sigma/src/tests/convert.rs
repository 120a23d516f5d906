//! What of a rule a pattern says.

use crate::tests::read::rule;
use crate::{Conversion, FieldTable};

fn convert(category: &str, detection: &str) -> Conversion {
    let logsource = format!("{{ category: {category}, product: windows }}");
    rule(&logsource, detection)
        .unwrap()
        .convert(&FieldTable::built_in())
}

fn said(category: &str, detection: &str) -> String {
    let conversion = convert(category, detection);
    assert_eq!(conversion.unsaid, [], "{detection}");
    conversion.pattern.unwrap().to_string()
}

fn unsaid(category: &str, detection: &str) -> (Option<String>, Vec<(&'static str, String)>) {
    let conversion = convert(category, detection);
    (
        conversion.pattern.map(|pattern| pattern.to_string()),
        conversion
            .unsaid
            .into_iter()
            .map(|one| (one.code, one.what))
            .collect(),
    )
}

#[test]
fn a_rule_that_can_be_said_is_said_in_one_observation() {
    assert_eq!(
        said(
            "process_creation",
            r"    a:
        Image|endswith: ['\powershell.exe', '\pwsh.exe']
        CommandLine|contains: [' -enc ', ' -ec ']
    condition: a"
        ),
        r"[process:image_ref.name MATCHES '(?is)\\Apowershell\\.exe\\z|\\Apwsh\\.exe\\z' AND process:command_line MATCHES '(?is) \\-ec | \\-enc ']"
    );
    assert_eq!(
        said(
            "dns_query",
            "    a: { QueryName: [Evil.example, bad.example] }\n    condition: a"
        ),
        "[domain-name:value IN ('bad.example', 'evil.example')]"
    );
    assert_eq!(
        said(
            "network_connection",
            "    a: { DestinationPort: [4444, 8080], DestinationIp|cidr: 192.0.2.0/24 }\n    condition: a"
        ),
        "[(network-traffic:dst_port = 4444 OR network-traffic:dst_port = 8080) AND network-traffic:dst_ref.value ISSUBSET '192.0.2.0/24']"
    );
    let md5 = "d41d8cd98f00b204e9800998ecf8427e";
    assert_eq!(
        said(
            "process_creation",
            &format!(
                "    a: {{ Hashes|contains: 'MD5={}' }}\n    condition: a",
                md5.to_uppercase()
            )
        ),
        format!("[process:image_ref.hashes.MD5 = '{md5}']")
    );
    // A negation holds where the property is missing.
    assert_eq!(
        said(
            "process_creation",
            "    a: { CommandLine: '1' }\n    condition: not a"
        ),
        "[NOT EXISTS process:command_line OR process:command_line NOT = '1']"
    );
    assert_eq!(
        said(
            "process_creation",
            "    a: { CommandLine: null }\n    condition: a"
        ),
        "[NOT EXISTS process:command_line]"
    );
    assert!(
        said(
            "registry_set",
            r"    a: { TargetObject: 'HKLM\Software\Run\x' }
    condition: a"
        )
        .contains("HKEY_LOCAL_MACHINE")
    );
}

#[test]
fn what_cannot_be_said_is_told_and_never_widens_the_pattern() {
    let of_source = unsaid(
        "ps_script",
        "    a: { ScriptBlockText: x }\n    condition: a",
    );
    assert_eq!(
        of_source,
        (None, vec![("source", "ps_script/windows".to_owned())])
    );
    // A condition is missing: no pattern.
    let both = "    a: { CommandLine: '1', OriginalFileName: x }\n    condition: a";
    let field = ("field", "OriginalFileName".to_owned());
    assert_eq!(
        unsaid("process_creation", both),
        (None, vec![field.clone()])
    );
    // An alternative is missing: the others are said.
    let either =
        "    a: { CommandLine: '1' }\n    b: { OriginalFileName: x }\n    condition: a or b";
    assert_eq!(
        unsaid("process_creation", either),
        (
            Some("[process:command_line = '1']".to_owned()),
            vec![field.clone()]
        )
    );
    // Under `not` it is the other way round.
    let neither = either.replace("a or b", "not (a or b)");
    assert_eq!(
        unsaid("process_creation", &neither),
        (None, vec![field.clone()])
    );
    let not_both = either.replace("a or b", "not (a and b)");
    assert!(unsaid("process_creation", &not_both).0.is_some());
    let word = "    a: [ evil ]\n    condition: a";
    assert_eq!(
        unsaid("process_creation", word).1,
        [("word", "evil".to_owned())]
    );
    let same = "    a: { Image|fieldref: ParentImage }\n    condition: a";
    assert_eq!(unsaid("process_creation", same).1[0].0, "value");
    let part = "    a: { Hashes|contains: 'IMPHASH=12' }\n    condition: a";
    assert_eq!(unsaid("process_creation", part).1[0].0, "value");
    let list = r"    a: { TargetObject|endswith: '\Run\x' }
    condition: not a";
    assert_eq!(
        unsaid("registry_set", list),
        (None, vec![("list", "TargetObject".to_owned())])
    );
}

#[test]
fn types_that_no_object_has_together_are_told() {
    let table = "version = 1\n[[source]]\n[source.fields]\n\
                 a = { path = \"file:name\" }\nb = { path = \"process:command_line\" }\n";
    let table = FieldTable::read(table).unwrap();
    let of = |condition: &str| {
        let detection =
            format!("    x: {{ a: '1' }}\n    y: {{ b: '2' }}\n    condition: {condition}");
        rule("{ category: any }", &detection)
            .unwrap()
            .convert(&table)
    };
    let either = of("x or y");
    assert_eq!(either.unsaid, []);
    assert_eq!(
        either.pattern.unwrap().to_string(),
        "[file:name = '1' OR process:command_line = '2']"
    );
    let both = of("x and y");
    assert_eq!((both.pattern, both.unsaid[0].code), (None, "apart"));
    let some = of("(x or y) and y");
    assert_eq!(some.unsaid[0].code, "apart");
    assert!(some.pattern.is_some());
}

#[test]
fn a_table_is_read_strictly() {
    let refused = |text: &str| FieldTable::read(text).unwrap_err().to_string();
    assert!(refused("version = 2\nsource = []").contains("version 1"));
    assert!(refused("version = 1").contains("cannot be read"));
    let path = "version = 1\n[[source]]\n[source.fields]\nx = { path = \"file:\" }";
    assert!(refused(path).contains("field x"));
    let kind = "version = 1\n[[source]]\n[source.fields]\nx = { path = \"file:name\", as = \"y\" }";
    assert!(refused(kind).contains("cannot be read"));
}
