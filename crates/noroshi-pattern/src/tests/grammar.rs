//! What is read, how it is printed, and how what is not a pattern is refused: where, why, what to
//! do.

use proptest::prelude::*;

use crate::{Pattern, PatternError, PatternLimits, Problem, Program, atoms};

fn refused(text: &str) -> PatternError {
    let limits = PatternLimits::DEFAULT;
    match Program::read(text, &limits) {
        Ok(_) => panic!("{text} was taken"),
        Err(error) => error,
    }
}

#[test]
fn what_is_no_pattern_is_refused_with_its_place_and_what_to_do() {
    for (text, column, part) in [
        ("", 1, "expected an observation in square brackets"),
        (
            "file:size = 1",
            1,
            "expected an observation in square brackets",
        ),
        ("[file:size = ]", 14, "expected a constant"),
        ("[file:name = abc]", 14, "expected a constant"),
        ("[file.size = 1]", 6, "expected `:`"),
        ("[file:name MATCHES /a/]", 20, "means nothing"),
        (
            "[file:name = 'a'",
            17,
            "the pattern ends here; expected AND, OR or `]`",
        ),
        ("[file:name = 'a]", 14, "quote does not close"),
        ("[file:name = 'a\\b']", 16, "backslash"),
        ("[file:name = 'a'] within 2 seconds", 19, "in upper case"),
        ("[file:name = 'a'] WITHIN 5 HOURS", 28, "expected SECONDS"),
        (
            "[file:name = 'a'] WITHIN -5 SECONDS",
            26,
            "between a microsecond and a century",
        ),
        (
            "[file:name = 'a'] WITHIN SECONDS",
            26,
            "a number of seconds",
        ),
        (
            "[file:name = 'a'] WITHIN 0 SECONDS",
            26,
            "between a microsecond",
        ),
        ("[file:name = 'a'] REPEATS 0 TIMES", 27, "between 1 and"),
        ("[file:name = 'a'] REPEATS 1.5 TIMES", 27, "how many times"),
        (
            "[file:name = 'a'] WITHIN 5 SECONDS WITHIN 6 SECONDS",
            36,
            "second time",
        ),
        (
            "[file:name = 'a'] START '2026-01-01T00:00:00Z' STOP t'2026-01-02T00:00:00Z'",
            25,
            "a time",
        ),
        (
            "[a:b = 1] START t'2026-01-02T00:00:00Z' STOP t'2026-01-01T00:00:00Z'",
            46,
            "later time",
        ),
        ("[file:size =? 1]", 13, "means nothing"),
        ("[a:b = t'2457-73-22T32:81:84.1Z']", 8, "is no time"),
        ("[a:b = b'====']", 8, "no base64"),
        ("[a:b = h'abc']", 8, "pairs"),
        ("[a:b = 007]", 8, "no number"),
        ("[a:b = 99999999999999999999]", 8, "beyond 64 bits"),
        ("[file:hashes.SHA-256 = 'a']", 14, "hyphen"),
        ("[a:IN = 1]", 4, "word of the language"),
        ("[a:l[-1] = 1]", 6, "number of an element"),
        ("[NOT a:b = 1]", 6, "expected EXISTS"),
        ("[a:b < true]", 6, "no order"),
        ("[a:b ISSUBSET 'x']", 15, "neither an address nor a network"),
        (
            "[a:b ISSUBSET '10.0.0.0/33']",
            15,
            "neither an address nor a network",
        ),
        ("[a:b IN (1, )]", 13, "expected a constant"),
        ("[a:b = 1] [a:b = 2]", 11, "expected AND, OR, FOLLOWEDBY"),
        ("[a:b = 1]]", 10, "expected AND, OR, FOLLOWEDBY"),
        ("[a:b = 1] FOLLOWEDBY", 21, "expected an observation"),
        ("([a:b = 1]", 11, "expected AND"),
        ("[\u{fc}:b = 1]", 2, "means nothing"),
        ("[a:b = 1] /* open", 11, "does not end"),
    ] {
        let error = refused(text);
        let said = error.to_string();
        assert!(said.contains(part), "{text}: {said}");
        assert_eq!(error.column, column, "{text}: {said}");
    }
}

#[test]
fn what_would_cost_too_much_is_refused_with_the_reason() {
    let any = |number| vec!["[a:b = 1]"; number].join(" AND ");
    let deep = format!("{}[a:b = 1]{}", "(".repeat(70), ")".repeat(70));
    let deeper = format!("[{}a:b = 1{}]", "(".repeat(100_000), ")".repeat(100_000));
    let nested = format!("([a:b = 1]){}", " WITHIN 1 SECONDS".repeat(200));
    let sets = format!("[a:b IN ({})]", vec!["1"; 30_000].join(","));
    // Two ways, eight times over: 2^8 and 2^9 alternatives.
    let two = "([a:b = 1] OR ([a:b = 2] AND [a:b = 3]))";
    let regexes = vec!["a:b MATCHES 'a'"; 65].join(" OR ");
    let leaves: Vec<String> = (0..65).map(|n| format!("[a:b = {n}]")).collect();
    for (text, part) in [
        (" ".repeat(600_000), "bytes are more than"),
        (deep, "brackets within each other"),
        (deeper, "brackets within each other"),
        (nested, "qualifiers around each other"),
        (sets, "comparisons and constants"),
        (any(65), "binds more than 64"),
        (leaves.join(" AND "), "more than 64"),
        (format!("[{regexes}]"), "65 regular expressions"),
        ([two; 9].join(" AND "), "more than 256 ways"),
        (
            "[a:b = 1] REPEATS 20000 TIMES".to_owned(),
            "between 1 and 10000",
        ),
        (
            "([a:b = 1] AND [a:b = 2]) REPEATS 40 TIMES".to_owned(),
            "binds more than 64",
        ),
        (
            "[a:b MATCHES '((a{1,100}){1,100}){1,100}']".to_owned(),
            "bytes",
        ),
    ] {
        let error = refused(&text);
        assert_eq!(error.problem, Problem::Cost, "{error}");
        assert!(error.to_string().contains(part), "{error}");
    }
    assert!(Program::read(&any(64), &PatternLimits::DEFAULT).is_ok());
    let ways = [two; 4].join(" AND ");
    assert!(Program::read(&ways, &PatternLimits::DEFAULT).is_ok());
    assert!(Program::read("[a:b = 1] REPEATS 10000 TIMES", &PatternLimits::DEFAULT).is_ok());
}

#[test]
fn the_canonical_form_is_as_short_as_it_can_be() {
    for (written, canonical) in [
        ("[a:b=1]", "[a:b = 1]"),
        ("[ a:b == +1 ]", "[a:b = 1]"),
        ("[a:b <> 'x'] // so", "[a:b != 'x']"),
        ("(([a:b = 1])) AND (([a:b = 2]))", "[a:b = 1] AND [a:b = 2]"),
        (
            "[((a:b = 1) OR (a:b = 2 AND a:b = 3))]",
            "[a:b = 1 OR a:b = 2 AND a:b = 3]",
        ),
        ("[a:b IN(1,2)]", "[a:b IN (1, 2)]"),
        ("[file:'hashes'.'MD5' = 'a']", "[file:hashes.MD5 = 'a']"),
        ("[a:'IN'.'x-y'.'true' = 'a']", "[a:'IN'.'x-y'.'true' = 'a']"),
        ("[a:b = H'AB']", "no"),
        ("[a:b = h'AB']", "[a:b = h'ab']"),
        ("[a:b = 7.50]", "[a:b = 7.5]"),
        ("[a:b = -.0]", "[a:b = -0.0]"),
        (
            "[a:b = 1]REPEATS 5 TIMES WITHIN 0.50 SECONDS",
            "[a:b = 1] REPEATS 5 TIMES WITHIN 0.5 SECONDS",
        ),
        (
            "([a:b = 1]) WITHIN 5 SECONDS WITHIN 6 SECONDS",
            "([a:b = 1] WITHIN 5 SECONDS) WITHIN 6 SECONDS",
        ),
        (
            "([a:b = 1] OR [a:b = 2]) AND [a:b = 3]",
            "([a:b = 1] OR [a:b = 2]) AND [a:b = 3]",
        ),
        (
            "[a:b = 1] OR ([a:b = 2] AND [a:b = 3])",
            "[a:b = 1] OR [a:b = 2] AND [a:b = 3]",
        ),
        (
            "[a:b NOT = 1 AND NOT EXISTS a:c[*].d[3]]",
            "[a:b NOT = 1 AND NOT EXISTS a:c[*].d[3]]",
        ),
        (
            "[a:b = t'2026-01-01T00:00:00Z']",
            "[a:b = t'2026-01-01T00:00:00.000Z']",
        ),
        ("/* a */ [a:b = 'it\\'s \\\\'] ", "[a:b = 'it\\'s \\\\']"),
    ] {
        let printed = written
            .parse::<Pattern>()
            .map_or("no".to_owned(), |p| p.to_string());
        assert_eq!(printed, canonical, "{written}");
    }
}

#[test]
fn a_pattern_that_is_a_list_of_values_says_so() {
    let listed = |text: &str| {
        let pattern: Pattern = text.parse().unwrap();
        atoms(&pattern).map(|atoms| {
            let shown = atoms
                .iter()
                .map(|a| format!("{}.{}={}", a.object_type, a.property, a.value));
            shown.collect::<Vec<_>>().join(" ")
        })
    };
    assert_eq!(
        listed("[ipv4-addr:value = '10.0.0.1']").unwrap(),
        "ipv4-addr.value=10.0.0.1"
    );
    assert_eq!(
        listed(
            "[file:hashes.'SHA-256' = 'ab' OR file:hashes.MD5 IN ('c', 'd')] OR [url:value = 'e']"
        )
        .unwrap(),
        "file.SHA-256=ab file.MD5=c file.MD5=d url.value=e"
    );
    for more in [
        "[ipv4-addr:value != '10.0.0.1']",
        "[ipv4-addr:value NOT IN ('10.0.0.1')]",
        "[file:name = 'a' AND file:size = 1]",
        "[file:size = 1]",
        "[file:name LIKE 'a']",
        "[url:value = 'a'] AND [url:value = 'b']",
        "[url:value = 'a'] REPEATS 2 TIMES",
        "[url:value = 'a'] START t'2026-01-01T00:00:00Z' STOP t'2026-01-02T00:00:00Z'",
        "[x-own:value = 'a']",
        "[url:value = h'ab']",
    ] {
        assert_eq!(listed(more), None, "{more}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 2_000 } else { 50_000 }))]

    /// Any text made of the language's pieces is refused, or means the same once it is printed.
    #[test]
    fn what_is_taken_prints_to_the_same(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..24)) {
        let text = pieces.join(" ");
        if let Ok(pattern) = text.parse::<Pattern>() {
            let printed = pattern.to_string();
            prop_assert_eq!(printed.parse::<Pattern>(), Ok(pattern));
        }
    }

    /// No text does more than be refused.
    #[test]
    fn no_text_does_harm(text in "\\PC{0,60}") {
        let _ = Program::read(&text, &PatternLimits::DEFAULT);
        let _ = Program::read(&format!("[a:b MATCHES '{text}']"), &PatternLimits::DEFAULT);
    }
}

const PIECES: &[&str] = &[
    "[a:b = 1]",
    "[a:b = 1]",
    "[a:b LIKE 'x%']",
    "[",
    "]",
    "(",
    ")",
    "AND",
    "OR",
    "FOLLOWEDBY",
    "NOT",
    "a:b",
    "a:b",
    "x-y:'z'",
    "= 1",
    "!= 'a'",
    "EXISTS a:b",
    "IN (1, 'a')",
    "WITHIN 5 SECONDS",
    "REPEATS 2 TIMES",
    "START t'2026-01-01T00:00:00Z' STOP t'2026-01-02T00:00:00Z'",
    "[*]",
    ".c",
    "< 2.5",
    "ISSUBSET '10.0.0.0/8'",
];
