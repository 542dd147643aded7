#!/usr/bin/env python3
"""Writes src/domains/spend/model_prices.sql, the price table that ships with the extension, from a CSV of prices.

usage: model_prices.py prices.csv > src/domains/spend/model_prices.sql
The CSV has the columns source, model, is_default, input_usd_per_mtok, output_usd_per_mtok, cache_read_usd_per_mtok,
cache_write_usd_per_mtok, provider, updated_on; source is langfuse or tokencost, prices are USD per million tokens.
"""
import csv
import re
import sys
from decimal import Decimal

PRICES = ["input_usd_per_mtok", "output_usd_per_mtok", "cache_read_usd_per_mtok", "cache_write_usd_per_mtok"]
# Billed by the character, by the size of a model that a name does not tell, or by the minute.
NOT_BY_TOKEN = re.compile(r"bison|gecko|unicorn|^palm/|^together-ai-|audio|realtime|multimodalembedding|tts|-live-|image")
# langfuse's names are the makers' own: tokencost's names with such a prefix mean the same price.
MAKERS = {"openai", "anthropic", "gemini"}
SOURCES = {"l": ("langfuse", "2026-08-20"), "t": ("tokencost", "2025-09-05")}
HEADER = """\
-- The price table that ships with the extension. Written by scripts/model_prices.py; do not edit.
-- Sources, both under the MIT License: langfuse/langfuse, commit 6275144614 (standard tier, as of 2026-08-20), and for
-- models that it lacks AgentOps-AI/tokencost, commit e7f7c19280 (as of 2025-09-05). Left out: models not billed by the
-- token, and prices of 0 but for models that run at home (ollama): a 0 there means "unknown" as often as "free".
-- Lines: `s` a source and its date; `l` and `t` a price of that source: provider (empty: whoever runs the model), model,
-- USD per million input, output, cache read and cache creation tokens (empty: none of its own); `a` another name of a
-- model, and the model's name in the table.
CREATE OR REPLACE FUNCTION analytics_internal.shipped_prices() RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 1 AS $$ SELECT $prices$
"""
FOOTER = """\
$prices$::text $$;
COMMENT ON FUNCTION analytics_internal.shipped_prices() IS
'The price table that ships with the extension, as CSV.
install() loads it into analytics_data.model_prices and analytics_data.model_aliases as rows of tenant ''*''. Prices of langfuse (2026-08-20) and tokencost (2025-09-05).';
"""


def number(text):
    """The shortest decimal: 2.50 -> 2.5, 0.30000000000000004 -> 0.3."""
    if not text:
        return ""
    return format(round(Decimal(text), 9).normalize(), "f")


def main():
    rows = list(csv.DictReader(open(sys.argv[1], newline="")))
    prices = {}  # (provider, model) -> (source, numbers)
    for row in rows:
        numbers = [number(row[c]) for c in PRICES]
        if row["source"] != "langfuse" or row["is_default"] != "true" or NOT_BY_TOKEN.search(row["model"]):
            continue
        if any(n not in ("", "0") for n in numbers):
            prices["", row["model"]] = ("l", numbers)
    langfuse = {model for _, model in prices}
    prefixed = []
    for row in rows:
        numbers = [number(row[c]) for c in PRICES]
        model = row["model"]
        free = all(n in ("", "0") for n in numbers)
        if row["source"] != "tokencost" or NOT_BY_TOKEN.search(model) or free and not model.startswith("ollama/"):
            continue
        head, slash, tail = model.partition("/")
        if slash and row["provider"].startswith(head):
            prefixed.append((head, tail, numbers))
        else:
            prices.setdefault(("", model), ("t", numbers))
    for head, tail, numbers in prefixed:
        general = prices.get(("", tail))
        if head in MAKERS and tail in langfuse or general and general[1] == numbers:
            continue  # the model alone says it already
        prices[head, tail] = ("t", numbers)

    aliases = {}
    for model in sorted(langfuse):
        # langfuse writes claude-3.5, the maker's API says claude-3-5.
        dashed = re.sub(r"^(claude-\d)\.(\d)", r"\1-\2", model)
        names = {dashed, re.sub(r"-(20\d{6}|20\d\d-\d\d-\d\d)$", "", model), re.sub(r"-20\d{6}$", "", dashed)}
        # claude-opus-4-5 is also written claude-opus-4.5.
        names |= {re.sub(r"^(claude-[a-z]+-\d)-(\d)$", r"\1.\2", n) for n in names}
        for name in names:
            if ("", name) not in prices:
                aliases[name] = model  # of several dates the last one: sorted

    sys.stdout.write(HEADER)
    for letter, (name, date) in SOURCES.items():
        sys.stdout.write(f"s,{letter},{name},{date}\n")
    for (provider, model), (source, numbers) in sorted(prices.items()):
        sys.stdout.write(",".join([source, provider, model, *numbers]) + "\n")
    for alias, model in sorted(aliases.items()):
        sys.stdout.write(f"a,,{alias},{model}\n")
    sys.stdout.write(FOOTER)


main()
