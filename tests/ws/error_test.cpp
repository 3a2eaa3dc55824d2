// The table of rules: each has a name, a place in an RFC, a sentence and a price.
#include "ws/error.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>

#include "ws/http.hpp"

using ws::Errc;

TEST_CASE("every rule is complete") {
    std::set<std::string_view> names;
    std::set<std::string_view> sentences;
    for (int i = 1; i <= static_cast<int>(Errc::invalid_close_reason); ++i) {
        const auto errc = static_cast<Errc>(i);
        const ws::Rule& rule = ws::rule(errc);
        CAPTURE(rule.name);
        CHECK(rule.errc == errc);
        CHECK(names.insert(rule.name).second);
        CHECK(sentences.insert(rule.sentence).second);
        CHECK(rule.section.starts_with("RFC "));
        CHECK(rule.section.find("§") != std::string_view::npos);
        CHECK(ws::is_header_value(rule.sentence));  // one line
        CHECK(rule.sentence.size() >= 10);
        CHECK(rule.sentence.size() <= 123);  // fits into a Close frame
    }
}

TEST_CASE("§4.2.2 what a client can break before the handshake costs an HTTP status") {
    for (int i = 1; i < static_cast<int>(Errc::unexpected_status); ++i) {
        const ws::Rule& rule = ws::rule(static_cast<Errc>(i));
        CAPTURE(rule.name);
        CHECK(rule.http_status >= 400);
        CHECK(ws::status_phrase(rule.http_status) != "Unknown");
        CHECK(rule.close_code == 0);
    }
}

TEST_CASE("§4.1 a client has nobody to tell about a broken answer") {
    for (int i = static_cast<int>(Errc::unexpected_status);
         i < static_cast<int>(Errc::rsv_without_extension); ++i) {
        const ws::Rule& rule = ws::rule(static_cast<Errc>(i));
        CAPTURE(rule.name);
        CHECK(rule.http_status == 0);
        CHECK(rule.close_code == 0);
    }
}

TEST_CASE("§7.4.1 what breaks an open connection costs a close code that may be sent") {
    for (int i = static_cast<int>(Errc::rsv_without_extension);
         i <= static_cast<int>(Errc::invalid_close_reason); ++i) {
        const ws::Rule& rule = ws::rule(static_cast<Errc>(i));
        CAPTURE(rule.name);
        CHECK(rule.http_status == 0);
        CHECK((rule.close_code == 1002 || rule.close_code == 1007 || rule.close_code == 1008 ||
               rule.close_code == 1009));
    }
}
