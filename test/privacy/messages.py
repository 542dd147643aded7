"""Messages with personal data and without, for measuring redaction: a line of JSON each, {"kind", "text", "spans"}.

Everything is invented, from what is set aside for that: telephone numbers 555-01xx and those that Ofcom, ARCEP, ACMA and
the Bundesnetzagentur keep for films, example domains (RFC 2606), addresses of documentation (RFC 5737, 3849), test
numbers of card companies, IBANs of banks that do not exist, keys of random characters. Same seed, same messages.
    messages.py [NUMBER OF EACH KIND] [SEED]
"""
import base64
import json
import random
import string
import sys

CARDS = """4111111111111111 4242424242424242 4012888888881881 4000056655665556 5555555555554444 5105105105105100 2223003122003222
    5200828282828210 378282246310005 371449635398431 6011111111111117 6011000990139424 30569309025904 38520000023237 3530111333300000
    6205500000000000004 4222222222222""".split()
FIRST = "Ada Quentin Mira Tobias Ines Bartholomew Yuki Oluwaseun Zofia Henrik Léa José Anaïs Søren".split()
LAST = "Mockingham Placeholder Testerova Exampleton Samplesen Fictional O'Sample Van-Dummy Probemann Inventado".split()
STREETS = "Fictional Placeholder Mock Sample Elm Baker Old Mill St James Willow Park Imaginary Cedar Hollow".split()
TOWNS = "Sampletown Mockville Exampleford Dummyburg Testerton".split()


def digits(r, pattern):
    """# is any digit, N one from 2 to 9, other characters are themselves."""
    return "".join(str(r.randint(0, 9)) if c == "#" else str(r.randint(2, 9)) if c == "N" else c for c in pattern)


def key(r, length, alphabet=string.ascii_letters + string.digits):
    return "".join(r.choice(alphabet) for _ in range(length - 3)) + r.choice(string.digits) + r.choice("abcdef") + r.choice(string.digits)


def email(r):
    local = r.choice([f"{r.choice(FIRST)}.{r.choice(LAST)}".replace("'", ""), "j_doe", f"user{r.randint(1, 99999)}", "ops+billing", "a.b.c", "x", "first-last", "o'neill",
                      "JANE.SAMPLE", "info", "jürgen", "no-reply_7"])
    return local + "@" + r.choice(["example.com", "example.org", "mail.example.net", "a.b.example.co.uk", "EXAMPLE.COM", "shop-2.example.edu", "example.photography",
                                   "xn--bcher-kva.example", "bücher.example", "192-0-2-1.example.com"])


def phone(r):
    """(text, whether words before it must say that it is one)"""
    n = f"{r.choice([212, 303, 415, 617, 907, 984])}", "555", f"01{r.randint(0, 99):02}"
    return r.choice([
        lambda: ("({}) {}-{}".format(*n), False), lambda: ("{}-{}-{}".format(*n), False), lambda: ("{}.{}.{}".format(*n), False), lambda: ("{} {} {}".format(*n), False),
        lambda: ("+1 {} {} {}".format(*n), False), lambda: ("+1-{}-{}-{}".format(*n), False), lambda: ("+1{}{}{}".format(*n), False), lambda: ("1-{}-{}-{}".format(*n), False),
        lambda: ("({}){}-{}".format(*n), False), lambda: ("+1 ({}) {}-{}".format(*n), False), lambda: ("{}-{}-{} ext. 12".format(*n), False), lambda: ("{}-{}-{} x204".format(*n), False),
        lambda: ("{}{}{}".format(*n), True), lambda: ("{1}-{2}".format(*n), True), lambda: ("{0}/{1}-{2}".format(*n), False),
        lambda: (digits(r, "020 7946 0###"), False), lambda: (digits(r, "(020) 7946 0###"), False), lambda: (digits(r, "+44 20 7946 0###"), False), lambda: (digits(r, "+44 (0)20 7946 0###"), False),
        lambda: (digits(r, "01632 960###"), False), lambda: (digits(r, "07700 900###"), False), lambda: (digits(r, "07700900###"), True), lambda: (digits(r, "+447700900###"), False),
        lambda: (digits(r, "0044 7700 900###"), False), lambda: (digits(r, "00447700900###"), False),
        lambda: (digits(r, "030 23125 ###"), False), lambda: (digits(r, "030/23125###"), False), lambda: (digits(r, "+49 30 23125 ###"), False), lambda: (digits(r, "0049 30 23125###"), False),
        lambda: (digits(r, "0171-39200##"), False), lambda: (digits(r, "+49171 39200##"), False), lambda: (digits(r, "(030) 23125-###"), False),
        lambda: (digits(r, "01 99 00 ## ##"), False), lambda: (digits(r, "06.39.98.##.##"), False), lambda: (digits(r, "+33 6 39 98 ## ##"), False), lambda: (digits(r, "+33 (0)1 99 00 ## ##"), False),
        lambda: (digits(r, "0491 570 ###"), False), lambda: (digits(r, "(02) 5550 ####"), False), lambda: (digits(r, "+61 491 570 ###"), False), lambda: (digits(r, "+61 2 5550 ####"), False),
        lambda: (digits(r, "+81-3-5555-01##"), False), lambda: (digits(r, "+91 98765 01###"), False), lambda: (digits(r, "+55 11 95555-01##"), False), lambda: (digits(r, "+353 20 910 ####"), False),
        lambda: (digits(r, "+46 70-174 06 ##"), False), lambda: (digits(r, "+ 48 22 555 01 ##"), False)])()


def card(r):
    n = r.choice(CARDS)
    if len(n) == 15:
        return r.choice([n, f"{n[:4]} {n[4:10]} {n[10:]}", f"{n[:4]}-{n[4:10]}-{n[10:]}"])
    if len(n) == 14:
        return r.choice([n, f"{n[:4]} {n[4:10]} {n[10:]}"])
    if len(n) == 16:
        gap = r.choice(["", "", " ", "-", " ", "."])
        return gap.join(n[i:i + 4] for i in range(0, 16, 4))
    return n


def iban(r):
    country, pattern = r.choice([("GB", "AAAA##############"), ("DE", "##################"), ("FR", "##########AAAAAAAAAAA##"), ("NL", "AAAA##########"), ("ES", "####################"),
                                 ("CH", "#####AAAAAAAAAAAA"), ("NO", "###########"), ("MT", "AAAA#####AAAAAAAAAAAAAAAAAA"), ("PL", "########################"), ("IT", "A##########AAAAAAAAAAAA")])
    account = "".join(r.choice("TESX") if c == "A" else str(r.randint(0, 9)) for c in pattern)
    value = int("".join(str(int(c, 36)) for c in account + country + "00"))
    n = f"{country}{98 - value % 97:02}{account}"
    return r.choice([n, " ".join(n[i:i + 4] for i in range(0, len(n), 4)), n.lower(), "-".join(n[i:i + 4] for i in range(0, len(n), 4))])


def ip(r):
    v4 = r.choice(["192.0.2.", "198.51.100.", "203.0.113."]) + str(r.randint(0, 255))
    return r.choice([v4, v4, v4 + "/24", "2001:db8::" + format(r.randint(1, 65535), "x"), f"2001:db8:{r.randint(1, 9999)}::8a2e:{r.randint(1, 9999)}:7334", "2001:0DB8:85a3:0000:0000:8A2E:0370:7334",
                     "::ffff:" + v4, "fe80::1ff:fe23:4567:890a%eth0", "2001:db8::/32"])


def ssn(r):
    """(text, whether it must be announced)"""
    return r.choice([("123-45-6789", False), ("078-05-1120", False), ("219-09-9999", False), ("000-12-3456", True), ("666-45-6789", True), ("987-65-4320", True), ("123456789", True), ("123 45 6789", True)])


def secret(r):
    """(text before, secret, text after)"""
    hexa = "0123456789abcdef"
    segment = lambda n: base64.urlsafe_b64encode(bytes(r.randint(0, 255) for _ in range(n))).decode().rstrip("=")
    jwt = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9." + segment(60) + "." + segment(32)
    return r.choice([
        lambda: ("", "sk-" + key(r, 48), ""), lambda: ("", "sk-proj-" + key(r, 64), ""), lambda: ("", "sk-ant-api03-" + key(r, 80), ""), lambda: ("", "ghp_" + key(r, 36), ""),
        lambda: ("", "github_pat_" + key(r, 60), ""), lambda: ("", "xoxb-" + digits(r, "##########-##########-") + key(r, 24), ""), lambda: ("", "AKIA" + key(r, 16, string.ascii_uppercase).upper(), ""),
        lambda: ("", "AIza" + key(r, 35), ""), lambda: ("", "glpat-" + key(r, 20), ""), lambda: ("", "sk_live_" + key(r, 24), ""), lambda: ("", "hf_" + key(r, 34), ""), lambda: ("", "npm_" + key(r, 36), ""),
        lambda: ("", jwt, ""), lambda: ("Authorization: Bearer ", jwt, ""), lambda: ("curl -H 'Authorization: Bearer ", key(r, 40), "' https://api.example.com"), lambda: ("Authorization: Basic ", segment(24) + "==", ""),
        lambda: ("bearer ", key(r, 32), ""), lambda: ("password=", key(r, 10), ""), lambda: ("password: ", key(r, 9), ""), lambda: ("my password is ", key(r, 9), ""),
        lambda: ('{"password": "', "correct horse 7", '"}'), lambda: ("DB_PASSWORD=", key(r, 12) + "!$", ""), lambda: ("api_key=", key(r, 32, hexa), "&page=2"), lambda: ("OPENAI_API_KEY=", key(r, 32), ""),
        lambda: ('"client_secret": "', key(r, 30), '",'), lambda: ("X-API-Key: ", key(r, 32, hexa), ""), lambda: ("postgres://", f"app:{key(r, 12)}", "@db.example.com/app"), lambda: ("--password ", key(r, 10), ""),
        lambda: ("access_token=", key(r, 40), ""), lambda: ("pwd: '", key(r, 9), "'"), lambda: ("AWS_SECRET_ACCESS_KEY=", key(r, 40, string.ascii_letters + string.digits + "/+"), ""),
        lambda: ("", "-----BEGIN RSA PRIVATE KEY-----\n" + segment(90) + "\n" + segment(60) + "\n-----END RSA PRIVATE KEY-----", ""), lambda: ("", "aa_0c75eb13d1db_" + key(r, 64, hexa), "")])()


def address(r):
    n, street, town = r.randint(1, 9999), " ".join(dict.fromkeys(r.choices(STREETS, k=r.randint(1, 2)))), r.choice(TOWNS)
    suffix = r.choice("Street St. Road Rd Avenue Ave Lane Drive Dr Court Boulevard Blvd. Way Close Terrace Square Parkway".split())
    return r.choice([
        f"{n} {street} {suffix}", f"{n} {street} {suffix}, {town}, ZZ 00000", f"{n} {street} {suffix}, Apt {r.randint(1, 40)}, {town}, CA 90000-0001", f"{n} {street} {suffix} Suite {r.randint(100, 900)}",
        f"{r.randint(1, 300)}B {street} {suffix}, {town}, ZZ1 1ZZ", f"{n} N. {street} {suffix}", f"{n} 5th Avenue", f"{n} {street} {suffix}\n{town}, ZZ 00000", f"{r.randint(1, 99)} {street.lower()} street",
        f"Musterstraße {r.randint(1, 200)}, 00000 {town}", f"Beispielweg {r.randint(1, 99)}a", f"Berliner Str. {r.randint(1, 99)}", f"{r.randint(1, 99)} rue de la Fiction, 00000 {town}",
        f"{r.randint(1, 99)}, avenue du Modèle", f"Calle Inventada {r.randint(1, 99)}", f"Via Immaginaria, {r.randint(1, 99)}", f"P.O. Box {r.randint(100, 9999)}", f"Voorbeeldstraat {r.randint(1, 99)}, 0000 ZZ {town}"])


def name(r):
    """(text before, name)"""
    full = f"{r.choice(FIRST)} {r.choice(LAST)}"
    return r.choice([("My name is ", full), ("my name is ", full.split()[0]), ("Customer name: ", full), ("Name: ", full), ("Hi, I am ", full), ("I'm ", full), ("This is ", full), ("Cardholder: ", full), ("Signed, Mrs. ", full)])


FRAMES = ["{}", "{}.", "Hello, {} please.", "It was {}, I think.", "({})", "see {}!", "\"{}\"", "[x] {};", "Hi\n{}\nthanks", "<p>{}</p>", "Was it {}?", "{} - that is all I have.", "a, b, {}, c", "Bonjour, voici : {} merci",
          "{{\"message\": \"{}\"}}", "连接 {} 谢谢", "it is {} and order 580538 has not come since 2025-10-14", "1. {}\n2. nothing", "> {}", "* {} (work)"]
ANNOUNCED = {"phone": ["Tel. {}", "Phone: {}", "call me on {}", "mobile number is {}", "my cell is {} thanks", "Fax: {}", "phone_number={}", "reach me at {}", "WhatsApp {}"],
             "ssn": ["SSN {}", "SSN: {}", "my social security number is {}", "ssn={}"]}


def fold_tricks(r, text):
    """Digits and letters of other scripts, characters without width."""
    trick = r.randint(0, 3)
    if trick == 0:
        return "".join(chr(ord(c) + 0xFEE0) if c.isalnum() and c.isascii() else c for c in text)
    if trick == 1:
        return "".join(chr(0x660 + int(c)) if c.isdigit() and c.isascii() else c for c in text)
    if trick == 2:
        return "\u200b".join(text)
    return text.replace("-", "\u2011").replace(" ", "\u00a0")


NEGATIVES = [
    lambda r: "Order " + digits(r, "######") + " shipped", lambda r: "order #" + digits(r, "##########"), lambda r: "Order number " + digits(r, "########") + " is late", lambda r: "invoice " + digits(r, "2025-####-####"),
    lambda r: "tracking 1Z" + key(r, 16, string.digits + "AEFX").upper(), lambda r: "ticket " + digits(r, "N##-####"), lambda r: "SKU " + digits(r, "##-####-####"), lambda r: digits(r, "v1#.#.##") + " is out", lambda r: "version 10.2.0." + digits(r, "1#"),
    lambda r: "Chrome/120.0." + digits(r, "6###.1##"), lambda r: "on 2025-10-14 12:30:45.123 UTC", lambda r: "from 14.10.2025 to 15.11.2025", lambda r: "10/14/2025 08:30", lambda r: "20251014123045", lambda r: digits(r, "17########") + " seconds since 1970",
    lambda r: digits(r, "17###########") + " ms", lambda r: "$1,234,567.89 in total", lambda r: "EUR 12.345,67", lambda r: "it costs 1 234 567 kr", lambda r: "from 5 000 000 to 12 500 000 rows", lambda r: "id 550e8400-e29b-41d4-a716-" + digits(r, "446655######"),
    lambda r: "commit " + key(r, 40, "0123456789abcdef"), lambda r: "sha256:" + key(r, 64, "0123456789abcdef"), lambda r: "MAC 00:1A:2B:3C:4D:5E", lambda r: "ISBN 978-0-306-40615-7", lambda r: "std::vector<int>::iterator and abc::def", lambda r: "ratio 4:3 at 12:30:45",
    lambda r: "52.5200, 13.4050", lambda r: "3.14159265358979 is pi", lambda r: "max_tokens=4096, temperature=0.7", lambda r: "used 15230 tokens: 12000 in, 3230 out", lambda r: "token limit: 8192", lambda r: "tokens: 123456789", lambda r: "npm i react@18.2.0 lodash@4.17.21",
    lambda r: "thanks @alice and @bob", lambda r: "SELECT * FROM t WHERE a = 123456789 AND b = 'x'", lambda r: "it took 5 minutes to drive to the place", lambda r: "we waited 3 days on the road", lambda r: "a 2 way street and a 4 lane road", lambda r: "Section 12 of the Court rules",
    lambda r: "Windows 11 drives and 3 Close calls", lambda r: "password reset does not work", lambda r: "forgot my password: cannot login", lambda r: "the bearer of bad news", lambda r: "a basic understanding of the risk-averse", lambda r: "scikit-learn and sk-learn-compatible-estimators",
    lambda r: "from 10 to 20 of 30 items, 415 in stock", lambda r: "section 415.555 of the manual", lambda r: "the years 2019-2024 and 1999/2000", lambda r: "ids 100200300 and 100200301", lambda r: "4111 1111 1111 1112 is no card", lambda r: "reference " + digits(r, "1###############"), lambda r: digits(r, "9##############7#") + " rows",
    lambda r: "score 3-2-4 after 90 minutes", lambda r: "GB12 is a postcode area, DE123456789 a VAT id", lambda r: "call 1234567 functions a second", lambda r: "I am very happy with the Service", lambda r: "This is great, Thank you", lambda r: "file name: report.pdf, user name: admin",
    lambda r: "1.2.3.4.5 is a version of five parts", lambda r: "see 3.4.1 and 10.11.12", lambda r: "SSE streams 64 kB/s, 300-400-500 ms", lambda r: "12 Monkeys and 101 Dalmatians", lambda r: "error 0x80070005 at 0x7ffd3c2a", lambda r: "latency p50 120 p95 340 p99 560 ms", lambda r: "size 1920x1080, 16x9",
    lambda r: "via Slack and en route to 3 places", lambda r: "auth: none, secret: false, api_key: null", lambda r: "password = get_password()", lambda r: "token = os.environ[TOKEN]", lambda r: "api_key: ${API_KEY}", lambda r: "https://example.com/a/b?page=2&id=12345", lambda r: "zip codes 94103 94107 10001",
    lambda r: "2 + 3 = 5, 10-20-30", lambda r: "[EMAIL] and [PHONE] are marks", lambda r: "room 101, floor 3, building 7", lambda r: "The 7th Street Fighter", lambda r: "batch 2024-12 part 345-678", lambda r: "0000-0002-1825-0097 is an ORCID", lambda r: "table 200 300 4000", lambda r: "5 stars, 10/10, 100%"]


def messages(number, seed):
    r = random.Random(seed)
    for kind in ("email", "phone", "card", "iban", "ip", "ssn", "secret", "address", "name"):
        for i in range(number):
            frame, before, after = r.choice(FRAMES), "", ""
            if kind == "phone" or kind == "ssn":
                found, must = phone(r) if kind == "phone" else ssn(r)
                if must or r.random() < 0.2:
                    before, after = r.choice(ANNOUNCED[kind]).split("{}")
            elif kind == "secret":
                before, found, after = secret(r)
            elif kind == "name":
                before, found = name(r)
            else:
                found = globals()[kind](r)
            tricky = kind in ("email", "phone", "card", "iban", "ssn") and i % 10 == 0
            if tricky:
                found = fold_tricks(r, found)
            yield {"kind": kind + " in disguise" if tricky else kind, "text": frame.format(before + found + after), "spans": [found]}
    for i in range(number * 3):
        yield {"kind": "none", "text": r.choice(FRAMES).format(NEGATIVES[i % len(NEGATIVES)](r)), "spans": []}
    for i in range(number):  # several in one message
        found = [email(r), phone(r)[0], card(r), ip(r)]
        while found[1].startswith("555") or " " not in found[1] and "-" not in found[1] and "+" not in found[1]:
            found[1] = phone(r)[0]
        yield {"kind": "several", "text": "Mail {}; phone {}\ncard {}, from {} on 2025-10-14.".format(*found), "spans": found}


if __name__ == "__main__":
    for m in messages(int(sys.argv[1]) if len(sys.argv) > 1 else 300, int(sys.argv[2]) if len(sys.argv) > 2 else 1):
        print(json.dumps(m, ensure_ascii=False))
