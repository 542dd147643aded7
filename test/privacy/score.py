"""Recall and precision of redaction, by kind: score.py REDACT_PROGRAM FILE...  FILE: lines of JSON as messages.py writes them, or a CSV file
with the columns kind, text, spans_to_redact (separated by |). The last line says how many messages were as wanted. -v shows the others;
--least P fails where recall or precision of a kind is below P percent, or a message without personal data was changed in more than 100 - P."""
import csv
import json
import re
import subprocess
import sys

MARK = re.compile(r"\[(?:EMAIL|PHONE|CARD|IBAN|IP|SSN|SECRET|ADDRESS|NAME)\]")
VERBOSE = "-v" in sys.argv
LEAST = float(sys.argv[sys.argv.index("--least") + 1]) if "--least" in sys.argv else 0.0


def read(path):
    if path.endswith(".csv"):
        with open(path, newline="") as file:
            return [{"kind": m["kind"], "text": m["text"], "spans": [s for s in m["spans_to_redact"].split("|") if s]} for m in csv.DictReader(file)]
    with open(path) as file:
        return [json.loads(line) for line in file]


def redacted_ranges(text, clean):
    """Which parts of the text became marks; marks that stood there before are parts of the text."""
    kept, ranges, at = [], [], 0
    old = {m.group() for m in MARK.finditer(text)}
    pieces = re.split("(" + MARK.pattern + ")", clean)
    literal, found = [pieces[0]], []
    for i in range(1, len(pieces), 2):
        if pieces[i] in old:
            literal[-1] += pieces[i] + pieces[i + 1]
        else:
            found.append(pieces[i])
            literal.append(pieces[i + 1])
    assert text.startswith(literal[0]), (text, clean)
    at = len(literal[0])
    for i, mark in enumerate(found):
        rest = literal[i + 1]
        to = len(text) - len(rest) if i == len(found) - 1 else text.index(rest, at + 1)
        ranges.append((at, to, mark))
        at = to + len(rest)
    return ranges


def main():
    program, *files = [a for i, a in enumerate(sys.argv[1:]) if a not in ("-v", "--least") and sys.argv[i] != "--least"]
    messages = [m for f in files for m in read(f)]
    out = subprocess.run([program], input="".join(json.dumps(m["text"]) + "\n" for m in messages), capture_output=True, text=True, check=True).stdout
    clean = [json.loads(line) for line in out.splitlines()]
    assert len(clean) == len(messages)
    table, wrong = {}, 0
    for m, c in zip(messages, clean):
        ranges = redacted_ranges(m["text"], c)
        row = table.setdefault(m["kind"], dict(messages=0, spans=0, found=0, marks=0, right=0, extra=0, all=0))
        row["messages"] += 1
        wanted, at = [], 0
        for s in m["spans"]:
            start = m["text"].index(s, at)
            wanted.append((start, start + len(s)))
            at = start + len(s)
        got = sum(any(f <= a and b <= t for f, t, _ in ranges) for a, b in wanted)
        right = sum(any(f < b and a < t for a, b in wanted) for f, t, _ in ranges)
        covered = set(i for a, b in wanted for i in range(a, b))
        extra = sum(i not in covered for f, t, _ in ranges for i in range(f, t))
        row["spans"] += len(wanted)
        row["found"] += got
        row["marks"] += len(ranges)
        row["right"] += right
        row["extra"] += extra
        row["all"] += sum(t - f for f, t, _ in ranges)
        if got < len(wanted) or right < len(ranges):
            wrong += 1
            if VERBOSE:
                print(f"  {m['kind']}: {m['text']!r}\n      {c!r}")
    percent = lambda a, b: f"{100 * a / b:6.2f}" if b else "     -"
    print(f"{'kind':20} {'messages':>8} {'spans':>6} {'recall %':>9} {'precision %':>12} {'bytes beyond %':>15}")
    total = dict.fromkeys(next(iter(table.values())), 0)
    for kind, row in table.items():
        for k in total:
            total[k] += row[k]
    for kind, row in [*table.items(), ("all", total)]:
        print(f"{kind:20} {row['messages']:8} {row['spans']:6} {percent(row['found'], row['spans']):>9} {percent(row['right'], row['marks']):>12} {percent(row['extra'], row['all']):>15}")
    for kind, row in table.items():
        if row["spans"] and (row["found"] < LEAST / 100 * row["spans"] or row["right"] < LEAST / 100 * row["marks"]) or not row["spans"] and row["marks"] > (1 - LEAST / 100) * row["messages"]:
            sys.exit(f"{kind}: below {LEAST:g} %")
    print(f"{len(messages) - wrong} of {len(messages)} messages as wanted")


main()
