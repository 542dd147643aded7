// What is found in free text and what is not; and, at random, what must hold for any text.
#include "core/privacy/fold.hpp"
#include "core/privacy/redact.hpp"

#include <ctime>
#include <gtest/gtest.h>
#include <random>

using namespace analytics::core;

namespace {

std::string redact(std::string_view text, std::string_view name = {}) {
    return redacted(text, KnownName(name)).value_or(std::string(text));
}
void expect_same(std::initializer_list<std::string_view> texts) {
    for (std::string_view const t : texts) EXPECT_EQ(redact(t), t);
}

TEST(Redact, Emails) {
    EXPECT_EQ(redact("write to jane@example.com."), "write to [EMAIL].");
    EXPECT_EQ(redact("mailto:a+b@mail.example.co.uk?x=1"), "mailto:[EMAIL]?x=1");
    EXPECT_EQ(redact("<o'neill@example.org>;b_c@example.net"), "<[EMAIL]>;[EMAIL]");
    EXPECT_EQ(redact("\"jane doe\"@example.com"), "[EMAIL]");
    EXPECT_EQ(redact("jane%40example.com and jane(at)example.com"), "[EMAIL] and [EMAIL]");
    EXPECT_EQ(redact("jürgen@bücher.example"), "[EMAIL]");
    EXPECT_EQ(redact("jane@163.com"), "[EMAIL]");
    expect_same({"react@18.2.0", "@alice", "a @ b", "user@localhost", "@", "x@", "@x.com"});
}

TEST(Redact, Phones) {
    for (std::string_view const p :
         {"(415) 555-0132", "+1-212-555-0178", "415.555.0132", "+44 (0)20 7946 0958", "020 7946 0958", "06 39 98 12 34",
          "0049 30 23125 123", "(02) 5550 1234", "138 0013 8000", "+1 (415) 555-0132 ext. 12"})
        EXPECT_EQ(redact("call " + std::string(p) + " now"), "call [PHONE] now") << p;
    EXPECT_EQ(redact("phone: 4155550132"), "phone: [PHONE]");
    EXPECT_EQ(redact("call me at 555-0132, call 555-0132"), "call me at [PHONE], call [PHONE]");
    EXPECT_EQ(redact("+1-212-555-0178 42 times"), "[PHONE] 42 times");
    expect_same({"order 4155550132", "4155550132", "call 4155550132 times", "2025-10-14 12:30", "14.10.2025 12",
                 "section 415.555", "+5 000 000", "550e8400-e29b-41d4-a716-446655440000", "$415 555 0132",
                 "v1.415.555.0132", "200 300 4000", "1712345678901"});
}

TEST(Redact, CardsNeedTheirCheckDigit) {
    EXPECT_EQ(redact("4111 1111 1111 1111"), "[CARD]");
    EXPECT_EQ(redact("378282246310005, 3782-822463-10005"), "[CARD], [CARD]");
    EXPECT_EQ(redact("order 580538 4111-1111-1111-1111 exp 12/30"), "order 580538 [CARD] exp 12/30");
    expect_same({"4111 1111 1111 1112", "1111 1111 1111 1117", "41111111111111111111", "a4111111111111111",
                 "41 11 11 11 11 11 11 11"});
}

TEST(Redact, IbansNeedTheirCheckDigits) {
    EXPECT_EQ(redact("GB29 NWBK 6016 1331 9268 19"), "[IBAN]");
    EXPECT_EQ(redact("de89370400440532013000."), "[IBAN].");
    EXPECT_EQ(redact("IBAN: GB00 TEST 0000 0000 0000 00"), "IBAN: [IBAN]");
    expect_same(
        {"GB28 NWBK 6016 1331 9268 19", "GB29 NWBK 6016 1331 9268 190", "ZZ29 NWBK 6016 1331 9268 19", "DE12 is"});
}

TEST(Redact, Addresses) {
    EXPECT_EQ(redact("from 192.0.2.7:8080 and 192.0.2.0/24"), "from [IP]:8080 and [IP]");
    EXPECT_EQ(redact("2001:db8::1, [::1], ::ffff:192.0.2.1, fe80::1:2%eth0"), "[IP], [[IP]], [IP], [IP]");
    expect_same({"1.2.3", "1.2.3.4.5", "version 1.2.3.4", "300.1.1.1", "12:30:45", "00:1A:2B:3C:4D:5E", "std::a",
                 "abc::def", "x[0::2]", "a::b"});
}

TEST(Redact, Ssns) {
    EXPECT_EQ(redact("123-45-6789"), "[SSN]");
    EXPECT_EQ(redact("SSN is 000-12-3456, ssn=123456789"), "SSN is [SSN], ssn=[SSN]");
    expect_same({"000-12-3456", "666-12-3456", "900-12-3456", "123-00-6789", "123-45-0000", "123 45 6789",
                 "1123-45-6789", "123456789"});
}

TEST(Redact, Secrets) {
    EXPECT_EQ(redact("Authorization: Bearer sk-test-0000000000000000EXAMPLE."), "Authorization: Bearer [SECRET].");
    EXPECT_EQ(redact("key ghp_abcdefghijklmnopqrstuvwxyz0123456789 and AKIAIOSFODNN7EXAMPLE"),
              "key [SECRET] and [SECRET]");
    EXPECT_EQ(redact("DB_PASSWORD=hunter2 x=1"), "DB_PASSWORD=[SECRET] x=1");
    EXPECT_EQ(redact(R"({"password": "correct horse 7", "a": 1})"), R"({"password": "[SECRET]", "a": 1})");
    EXPECT_EQ(redact("postgres://app:geheim@db.example.com/x"), "postgres://[SECRET]/x");
    EXPECT_EQ(redact("my password is hunter2, thanks"), "my password is [SECRET], thanks");
    EXPECT_EQ(redact("-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----\nok"), "[SECRET]\nok");
    EXPECT_EQ(redact("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln"), "[SECRET]");
    expect_same({"password reset", "forgot password: cannot login", "max_tokens=4096", "tokens: 123456789",
                 "api_key=${KEY}", "secret: true", "the bearer of news", "sk-learn-compatible-estimators",
                 "password = get_password()", "password=[SECRET]"});
}

TEST(Redact, StreetAddresses) {
    EXPECT_EQ(redact("Ship to 1 Fictional Road, Sampletown, ZZ 00000."), "Ship to [ADDRESS].");
    EXPECT_EQ(redact("221B Baker Street, flat 3; 12 St James Street"), "[ADDRESS]; [ADDRESS]");
    EXPECT_EQ(redact("at 350 5th Avenue Suite 12, thanks"), "at [ADDRESS], thanks");
    EXPECT_EQ(redact("Berliner Straße 12, 10115 Berlin"), "[ADDRESS]");
    EXPECT_EQ(redact("12 rue de la Paix, 75000 Paris!"), "[ADDRESS]!");
    EXPECT_EQ(redact("Calle Mayor 12; Musterweg 5a; P.O. Box 123"), "[ADDRESS]; [ADDRESS]; [ADDRESS]");
    EXPECT_EQ(redact("12 oak street"), "[ADDRESS]");
    expect_same({"it took 5 minutes to drive", "a 4 lane road", "Windows 11 drives and 3 Close calls",
                 "Section 12 of the Court", "Spring 2024", "3 days on Main Street"});
}

TEST(Redact, NamesThatAreIntroduced) {
    EXPECT_EQ(redact("My name is Ada Mockingham, hi"), "My name is [NAME], hi");
    EXPECT_EQ(redact("I am Ada Mockingham (ada@example.net, 303-555-0199), order 42."),
              "I am [NAME] ([EMAIL], [PHONE]), order 42.");
    expect_same({"I am Happy", "user name: Admin Root", "My name is unknown"});
}

TEST(Redact, KnownNames) {
    EXPECT_EQ(redact("ADA wrote; mockingham's order, Ada Mockingham.", "Ada Mockingham"),
              "[NAME] wrote; [NAME]'s order, [NAME].");
    EXPECT_EQ(redact("Adam is not meant, nor Canada", "Ada Mockingham"), "Adam is not meant, nor Canada");
    EXPECT_EQ(redact("Jose and JOSÉ and Jose\u0301", "José Inventado"), "[NAME] and [NAME] and [NAME]");
    EXPECT_EQ(redact("Li called, Li Na did", "Li Na"), "Li called, [NAME] did");
    EXPECT_EQ(redact("van der Dummy, a van", "Jan van der Dummy"), "van der [NAME], a van");
    EXPECT_EQ(redact("请联系王小明谢谢", "王小明"), "请联系[NAME]谢谢");
    EXPECT_EQ(redact("ИВАН и Ивана", "Иван"), "[NAME] и Ивана");
    EXPECT_EQ(redact("nothing", ""), "nothing");
    EXPECT_EQ(redact("nothing", " .-"), "nothing");
    EXPECT_EQ(redact("x", "x"), "x");
}

TEST(Redact, DisguisesDoNotHelp) {
    EXPECT_EQ(redact("ｊａｎｅ＠ｅｘａｍｐｌｅ．ｃｏｍ"), "[EMAIL]");
    EXPECT_EQ(redact("j\u200Bane@exam\u00ADple.com"), "[EMAIL]");
    EXPECT_EQ(redact("٤١١١ ١١١١ ١١١١ ١١١١"), "[CARD]");
    EXPECT_EQ(redact("415\u2011555\u20110132"), "[PHONE]");
    EXPECT_EQ(redact("+1\u00A0415\u00A0555\u00A00132"), "[PHONE]");
    EXPECT_EQ(redact("é 192.0.2.1 汉 192.0.2.2字"), "é [IP] 汉 [IP]字");
}

TEST(Redact, AKeyTellsWhatItsValueIs) {
    EXPECT_EQ(redacted_value("password", "swordfish").value_or(""), "[SECRET]");
    EXPECT_EQ(redacted_value("phone", "4155550132").value_or(""), "[PHONE]");
    EXPECT_EQ(redacted_value("order_id", "4155550132"), std::nullopt);
    EXPECT_EQ(redacted_value("note", "from jane@example.com").value_or(""), "from [EMAIL]");
    EXPECT_EQ(redacted_value("jane@example.com", "x"), std::nullopt);
}

TEST(Redact, InvalidBytesStay) {
    std::string const text = "a\xFF\xC3 jane@example.com \xE2\x82";
    EXPECT_EQ(redact(text), "a\xFF\xC3 [EMAIL] \xE2\x82");
}

bool valid_utf8(std::string_view text) {
    for (std::size_t i = 0; i < text.size();) {
        auto const b = static_cast<unsigned char>(text[i]);
        std::size_t const length = b < 0x80 ? 1 : b >= 0xF0 ? 4 : b >= 0xE0 ? 3 : b >= 0xC2 ? 2 : 0;
        if (length == 0 || i + length > text.size()) return false;
        for (std::size_t k = 1; k < length; ++k)
            if ((static_cast<unsigned char>(text[i + k]) & 0xC0) != 0x80) return false;
        i += length;
    }
    return true;
}

// Pieces of everything that is found and what stands around it, put together at random.
TEST(Redact, HoldsForAnyText) {
    constexpr std::array<std::string_view, 64> pieces{"jane@example.com",
                                                      "@",
                                                      "example.com",
                                                      "415-555-0132",
                                                      "555",
                                                      "0132",
                                                      "+1",
                                                      "(",
                                                      ")",
                                                      "-",
                                                      ".",
                                                      " ",
                                                      "4111 1111 1111 1111",
                                                      "4111",
                                                      "1111",
                                                      "GB29 NWBK 6016 1331 9268 19",
                                                      "GB29",
                                                      "DE",
                                                      "192.0.2.1",
                                                      "192",
                                                      "2001:db8::1",
                                                      "::",
                                                      ":",
                                                      "=",
                                                      "123-45-6789",
                                                      "sk-test-0000000000000000EXAMPLE",
                                                      "password",
                                                      "token=",
                                                      "Bearer ",
                                                      "Authorization: ",
                                                      "\"",
                                                      "'",
                                                      "[EMAIL]",
                                                      "[SECRET]",
                                                      "[",
                                                      "]",
                                                      "12 Oak Street",
                                                      "Street",
                                                      "Sampletown",
                                                      ", ",
                                                      "ZZ 00000",
                                                      "My name is ",
                                                      "Ada",
                                                      "Mockingham",
                                                      "é",
                                                      "汉",
                                                      "\u200B",
                                                      "\u0301",
                                                      "５",
                                                      "٤",
                                                      "\u2011",
                                                      "\u00A0",
                                                      "\n",
                                                      "%40",
                                                      "//",
                                                      "https://a:b@c",
                                                      "eyJhbGciOiJIUzI1NiJ9.eyJ1",
                                                      "Musterweg 5",
                                                      "-----BEGIN PRIVATE KEY-----",
                                                      "tel ",
                                                      "ssn ",
                                                      "iban ",
                                                      "x",
                                                      "0"};
    std::mt19937 random(7);
    KnownName const name("Ada Mockingham");
    for (int round = 0; round < 30'000; ++round) {
        std::string text;
        for (auto n = random() % 12; n > 0; --n) text += pieces[random() % pieces.size()];
        std::string const once = redacted(text, name).value_or(text);
        EXPECT_TRUE(valid_utf8(once)) << text;
        EXPECT_EQ(redacted(once, name), std::nullopt) << text << "\n" << once;
        EXPECT_TRUE(once != "[SECRET]" || text.size() < 300) << text;
        if (HasFailure()) break;
    }
}

// Texts made to be slow: eight times as long, no more than some eight times as slow.
TEST(Redact, TakesLinearTime) {
    auto const seconds = [](std::string_view unit, std::size_t bytes) {
        std::string text;
        while (text.size() < bytes) text += unit;
        double best = 1e9;
        for (int i = 0; i < 3; ++i) {
            std::clock_t const from = std::clock();  // of this process: others may be busy
            (void)redacted(text, KnownName("Ada Mockingham"));
            best = std::min(best, static_cast<double>(std::clock() - from) / CLOCKS_PER_SEC);
        }
        return best;
    };
    for (std::string_view const unit : {"1 ",
                                        "1-",
                                        "123 456 7890 ",
                                        "a@",
                                        "a@a.a.",
                                        "password:",
                                        "token=",
                                        "token=\"",
                                        "eyJaaaa.",
                                        "sk-",
                                        "a:",
                                        "a.",
                                        "+1 ",
                                        "(",
                                        "1 Ab ",
                                        "GB00 ",
                                        "bearer ",
                                        "-----BEGIN PRIVATE KEY",
                                        "://a:",
                                        "%40",
                                        "\u200B",
                                        "é1",
                                        "Via Ab ",
                                        "tel no ",
                                        "\"",
                                        "1",
                                        "a",
                                        "i am A ",
                                        "4111 1111 1111 1111 ",
                                        "@[",
                                        "Ada "}) {
        double const small = seconds(unit, 40'000), large = seconds(unit, 320'000);
        EXPECT_LT(large, 8 * small * 4 + 0.05) << unit;
    }
}

TEST(Redact, EndsWhenItIsTold) {
    struct Ended {};
    for (const char *unit : {"1-", "a ", "jane@example.com ", "\u00e9\u6c49"}) {
        std::string text;
        while (text.size() < 1'000'000) text += unit;
        int calls = 0;
        EXPECT_THROW((void)redacted(text, {},
                                    [&] {
                                        if (++calls == 5) throw Ended{};
                                    }),
                     Ended)
            << unit;
        calls = 0;
        (void)redacted(text, {}, [&] { ++calls; });
        EXPECT_GE(calls, 15) << unit;
    }
}

TEST(Fold, OneByteACharacterAndBack) {
    std::string const text = "a\u200Bé汉５Ж\U0001F600\xFF";
    std::string const form = privacy::folded(text);
    EXPECT_EQ(form.substr(0, 2), "ae");
    EXPECT_EQ(form.size(), 7U);
    EXPECT_EQ(form[3], '5');
    privacy::Unfolder original(text);
    EXPECT_EQ(original(0), 0U);
    EXPECT_EQ(original(1), 4U);
    EXPECT_EQ(original(2), 6U);
    EXPECT_EQ(original(7), text.size());
}

}  // namespace
