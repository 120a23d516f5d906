//! The data of the demonstration: the catalogues of the program, and five items of its own.

use std::path::Path;

use noroshi_node::Failure;

/// Words that stand in no other item; they must be found nowhere but at home.
pub(crate) const NOFORN_CANARY: &str = "canary-home-7Q2";
/// For the item marked 特定秘密.
pub(crate) const SDS_CANARY: &str = "canary-sds-4K9";
/// In the closed property of the item that leaves reduced.
pub(crate) const CLOSED_CANARY: &str = "canary-closed-8M1";
/// In the item that is recalled.
pub(crate) const RECALL_CANARY: &str = "canary-recall-3Z5";

/// Ids of the demonstration's own items.
pub(crate) const NOFORN_ID: &str = "indicator--a17c1d7e-52a9-4d0f-9c67-0d3c4f1b2a01";
/// What the planted fault of the gate lets slip.
pub(crate) const SLIPPED_ID: &str = "indicator--a17c1d7e-52a9-4d0f-9c67-0d3c4f1b2a09";
pub(crate) const SDS_ID: &str = "report--b28d2e8f-63ba-4e1f-8d78-1e4d5f2c3b02";
pub(crate) const REDUCED_ID: &str = "indicator--c39e3f90-74cb-4f20-9e89-2f5e603d4c03";
pub(crate) const RECALL_ID: &str = "indicator--d40f4fa1-85dc-4031-af90-306f714e5d04";

/// The catalogues that came with the program, unpacked into a folder.
pub(crate) fn write_catalogues(folder: &Path) -> Result<(), Failure> {
    let catalogues = [
        ("attack-ics.json", "mitre-attack-ics"),
        ("kev.json", "cisa-kev"),
    ];
    for (name, catalogue) in catalogues {
        let failed =
            |error: std::io::Error| Failure::new("demo.data", 1, format_args!("{name}: {error}"));
        let mut file = std::fs::File::create(folder.join(name)).map_err(failed)?;
        std::io::copy(
            &mut noroshi_node::catalogues::unpacked(catalogue)?,
            &mut file,
        )
        .map_err(failed)?;
    }
    Ok(())
}

const TIMES: &str = r#""created":"2026-11-01T00:00:00.000Z","modified":"2026-11-01T00:00:00.000Z""#;
const NATIONAL: &str = "extension-definition--694be976-4ec2-4b80-b47c-48f75510a38d";
const NOFORN_MARKING: &str = "marking-definition--5a1fb8d1-3c1e-4f3a-9b77-6f6f0f3f7a11";
const SDS_MARKING: &str = "marking-definition--6b20c9e2-4d2f-4a4b-8c88-7a7a1a4a8b22";
const GREEN: &str = "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb";
const RED: &str = "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1";

/// Items of the United States: one NOFORN, one with a closed property, one to be recalled.
pub(crate) fn american_items() -> String {
    let indicator = |id: &str, name: &str, more: &str| {
        format!(
            r#"{{"type":"indicator","spec_version":"2.1","id":"{id}",{TIMES},"name":"{name}",
            "pattern":"[domain-name:value = 'c2.example']","pattern_type":"stix",
            "valid_from":"2026-11-01T00:00:00Z",{more}}}"#
        )
    };
    let marking = format!(
        r#"{{"type":"marking-definition","spec_version":"2.1","id":"{NOFORN_MARKING}",
        "created":"2026-11-01T00:00:00.000Z","name":"NOFORN","extensions":{{"{NATIONAL}":
        {{"extension_type":"property-extension","scheme":"US-CAPCO","level":"UNCLASSIFIED",
        "caveats":["NOFORN"]}}}}}}"#
    );
    let items = [
        marking,
        indicator(
            NOFORN_ID,
            &format!("Beacon {NOFORN_CANARY}"),
            &format!(r#""object_marking_refs":["{NOFORN_MARKING}"]"#),
        ),
        indicator(
            REDUCED_ID,
            "Beacon of a loader",
            &format!(
                r#""description":"How it was found: {CLOSED_CANARY}",
                "object_marking_refs":["{GREEN}"],"granular_markings":
                [{{"selectors":["description"],"marking_ref":"{RED}"}}]"#
            ),
        ),
        indicator(
            RECALL_ID,
            &format!("Beacon {RECALL_CANARY}"),
            &format!(r#""object_marking_refs":["{GREEN}"]"#),
        ),
    ];
    format!("[{}]", items.join(","))
}

/// The NOFORN item as somebody wrote it down elsewhere, in words of their own and without its
/// marking. It bears neither its name nor a word for its marking: the review before release would
/// know both, and stop it.
pub(crate) fn slipped_item() -> String {
    format!(
        r#"{{"type":"indicator","spec_version":"2.1","id":"{SLIPPED_ID}",{TIMES},
        "name":"A domain seen again","description":"first told as {NOFORN_CANARY}",
        "pattern":"[domain-name:value = 'c2.example']",
        "pattern_type":"stix","valid_from":"2026-11-01T00:00:00Z"}}"#
    )
}

/// Items of Japan: one report marked 特定秘密.
pub(crate) fn japanese_items() -> String {
    format!(
        r#"[{{"type":"marking-definition","spec_version":"2.1","id":"{SDS_MARKING}",
        "created":"2026-11-01T00:00:00.000Z","name":"特定秘密","extensions":{{"{NATIONAL}":
        {{"extension_type":"property-extension","scheme":"JP-SDS","level":"SDS"}}}}}},
        {{"type":"report","spec_version":"2.1","id":"{SDS_ID}",{TIMES},
        "name":"重要施設への侵入 {SDS_CANARY}","published":"2026-11-01T00:00:00Z",
        "object_refs":["{NOFORN_ID}"],"object_marking_refs":["{SDS_MARKING}"]}}]"#
    )
}
