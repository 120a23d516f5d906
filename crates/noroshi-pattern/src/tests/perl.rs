//! Perl's regular expressions in an engine that cannot blow up.

use crate::Problem;
use crate::perl::Expression;

fn expression(written: &str) -> Expression {
    Expression::new(written, 1 << 20).unwrap_or_else(|error| panic!("{written}: {error}"))
}

#[test]
fn what_no_linear_engine_can_run_is_refused_with_the_reason() {
    for (written, part) in [
        ("a(?=b)", "look ahead"),
        ("a(?!b)", "look ahead"),
        ("(?<=a)b", "look behind"),
        ("(?<!a)b", "look behind"),
        (r"(a)\1", "reference back"),
        (r"(?P<x>a)(?P=x)", "reference back"),
        (r"(?<x>a)\k<x>", "reference back"),
        ("(?>a)b", "atomic"),
        ("a++b", "possessive"),
        ("a{2}+b", "possessive"),
        ("(?(1)a)", "condition"),
        ("(?R)", "recursion"),
        ("(?1)", "recursion"),
        ("(*FAIL)", "verb"),
        (r"\Ga", "only Perl"),
        ("(a", "not one"),
        ("[a", "does not end"),
        ("a)", "not one"),
        ("*a", "not one"),
        (r"a\", "backslash"),
    ] {
        let error = Expression::new(written, 1 << 20).unwrap_err();
        assert_eq!(error.problem, Problem::Regex, "{written}");
        assert!(error.found.contains(part), "{written}: {error}");
    }
}

#[test]
fn what_perl_says_otherwise_means_the_same() {
    for (written, text, is_found) in [
        (r"^a.c$", "abc", true),
        (r"a.c", "a\nc", false),
        (r"(?s)a.c", "a\nc", true),
        (r"abc$", "abc\n", true),
        (r"abc$", "abc\n\n", false),
        (r"abc\z", "abc\n", false),
        (r"abc\Z", "abc\n", true),
        (r"\d", "\u{663}", false),
        (r"\w", "\u{e9}", false),
        (r"[\w.-]+@", "a-b.c@", true),
        (r"^[\W]$", "!", true),
        (r"^[^\s]$", " ", false),
        (r"\h", "\t", true),
        (r"^\R$", "\r\n", true),
        (r"a\/b", "a/b", true),
        (r"\<a\>", "<a>", true),
        (r"\x41\x{42}\103", "ABC", true),
        (r"\Qa.b\Ec", "a.bc", true),
        (r"\Qa.b\Ec", "axbc", false),
        (r"\e\cA", "\u{1b}\u{1}", true),
        (r"{a}", "{a}", true),
        (r"a{2,}b", "aab", true),
        (r"a{,2}b", "a{,2}b", true),
        (r"[[a]+", "[a", true),
        (r"^[]a]+$", "]a", true),
        (r"^[^]a]$", "]", false),
        (r"^[a&&b]+$", "a&b", true),
        (r"^[a-]+$", "-a", true),
        (r"^[[:digit:]]+$", "12", true),
        (r"(?i)ABC", "abc", true),
        (r"a(?#any)b", "ab", true),
        (r"(?'n'a)b", "ab", true),
        (r"foo\Kbar", "foobar", true),
        (r"\bfoo\b", "a foo b", true),
        (r"\bfoo\b", "afoo", false),
        ("\u{e4}+", "a\u{e4}b", true),
    ] {
        assert_eq!(
            expression(written).finds(text),
            is_found,
            "{written} in {text:?}"
        );
    }
}

#[test]
fn bytes_are_searched_as_bytes() {
    for (written, bytes, is_found) in [
        (r"\xd4\xc3", &[0, 0xd4, 0xc3][..], true),
        (r"^\xff.\x00$", &[0xff, 0x0d, 0][..], true),
        ("\u{ff}", &[0xff][..], true),
        ("\u{ff}", &[0xc3, 0xbf][..], false),
        ("[\u{80}-\u{ff}]", &[0x90][..], true),
        ("\u{100}", &[0xc4, 0x80][..], false),
        (r"a\x{100}?b", b"ab", true),
    ] {
        assert_eq!(
            expression(written).finds_in_bytes(bytes),
            is_found,
            "{written}"
        );
    }
}
