-- Personal data and secrets in free text. docs/privacy.md says what is found, what is not, and how that was measured.

CREATE OR REPLACE FUNCTION analytics.redact_pii(input text) RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE STRICT COST 100 AS 'MODULE_PATHNAME', 'analytics_redact_pii';
COMMENT ON FUNCTION analytics.redact_pii(text) IS
'A text without personal data and secrets: each is replaced by a mark that says what it was.
input: any text. Result: the text with [EMAIL], [PHONE], [CARD] (Luhn''s check holds), [IBAN] (its check digits hold), [IP], [SSN], [SECRET] (API keys, tokens, passwords), [ADDRESS] (street and town) and [NAME] (where somebody introduces himself: "my name is ..."); NULL for NULL. Redacting again changes nothing. Digits and letters of other scripts, and characters without width between them, hide nothing.
It knows no names beyond those; exports take out the customer''s own name too, where the row has it. What it does not find stands in docs/privacy.md.
Example: SELECT analytics.redact_pii(''Write to jane@example.com or call (415) 555-0132'');';

CREATE OR REPLACE FUNCTION analytics_internal.redact_text(input text, name text) RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME', 'analytics_redact_text';
COMMENT ON FUNCTION analytics_internal.redact_text(text, text) IS
'redact_pii, and the name of a person whom the text may mention: the whole name and each part of three letters or more, as whole words in any case.
name: NULL or empty: nobody is known.';

CREATE OR REPLACE FUNCTION analytics_internal.redact_json(input jsonb, name text DEFAULT NULL) RETURNS jsonb
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000 AS 'MODULE_PATHNAME', 'analytics_redact_json';
COMMENT ON FUNCTION analytics_internal.redact_json(jsonb, text) IS
'A JSON document with all its strings redacted, at any depth, keys too, and numbers that are found (a card, a telephone number under the key "phone"), which become strings.
What stands under customer_name becomes [NAME] and is taken out of the texts beside it. Keys that become the same are told apart by a number: "[EMAIL]", "[EMAIL] 2".';
