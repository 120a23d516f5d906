"""The worlds of `bench --write` put to OASIS's stix2-matcher: where it answers as we do, where it
raises, where it differs and for which kind of reason. Each kind names the clause it goes against.
"""
import json
import re
import sys
import time

from stix2matcher import matcher

# What is known of stix2-matcher 3.0.0: what it does instead of what the clause says, by the error it
# raises (or the answer it gives against ours), and by what the pattern or the observations hold.
KNOWN = [
    ("EXISTS raises or passes for nothing (9.6.1)", None, r"\bEXISTS\b", r""),
    ("addresses other than dotted IPv4, and /0, raise (9.6.1, ISSUBSET and ISSUPERSET)",
     r"Invalid (IPv4|CIDR)", r"ISSU(B|PER)SET", r""),
    ("a text beside a time constant that is no time raises (9.6: unequal)",
     r"Invalid timestamp", r"t'", r""),
    ("sets of several types raise (9.6)", r"Nonhomogenous", r"\bIN \(", r""),
    ("bad hexadecimal digits raise (9.6: unequal)", r"Non-hexadecimal", r"d_hex", r'"zz"'),
    ("bytes are decoded as UTF-8 for LIKE, and raise (9.6.3: by octet)",
     r"UnicodeDecodeError", r"LIKE", r""),
    ("bytes in a set are never equal to a text (9.6.3)", False, r"IN \(.*h'", r""),
    ("true and false pass for 1 and 0 in sets (9.6)", True, r"\bIN \(", r"true|false"),
    ("a window's own length counts as within it (9.5.1: must not)", True, r"\bWITHIN\b", r""),
]


def explained(world, theirs, reason):
    for name, answer, in_pattern, in_line in KNOWN:
        if isinstance(answer, str):
            is_so = theirs is None and re.search(answer, reason)
        else:
            is_so = answer is None or (theirs is answer and world["ours"] is not answer)
        bundle = json.dumps(world["bundle"])
        if is_so and re.search(in_pattern, world["pattern"]) and re.search(in_line, bundle):
            return name
    return None


def main(path):
    agreed = raised = 0
    known = {name: 0 for name, *_ in KNOWN}
    unknown = []
    with open(path, encoding="utf-8") as worlds:
        for number, line in enumerate(worlds):
            world = json.loads(line)
            reason = ""
            try:
                theirs = bool(matcher.match(world["pattern"], [world["bundle"]], stix_version="2.1"))
            except Exception as error:  # every kind it has
                theirs = None
                raised += 1
                reason = f"{type(error).__name__}: {error}"
            if number == 0:
                measure(world)
            if theirs == world["ours"]:
                agreed += 1
                continue
            name = explained(world, theirs, reason)
            if name:
                known[name] += 1
            else:
                unknown.append((number, world["pattern"], theirs, reason))
    print(f"stix2-matcher: {agreed} answers agree, {raised} raised an error")
    for name, count in known.items():
        if count:
            print(f"  {count:5} differ: {name}")
    for number, pattern, theirs, reason in unknown[:20]:
        print(f"  unexplained, line {number + 1}: {pattern} -> {theirs} {reason}")
    print(f"  {len(unknown)} unexplained")
    sys.exit(1 if unknown else 0)


def measure(world):
    """The compound pattern, compiled once, over parsed observations; the median of seven."""
    pattern = matcher.Pattern(world["pattern"], "2.1")
    taken = []
    for _ in range(7):
        begun = time.perf_counter()
        for _ in range(5):
            pattern.match([world["bundle"]])
        taken.append((time.perf_counter() - begun) / 5)
    print(f"stix2-matcher, the compound pattern: {sorted(taken)[3] * 1e6:.0f} us")


main(sys.argv[1])
