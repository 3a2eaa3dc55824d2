// Offers and answers of permessage-deflate, RFC 7692 §5.1, §7.1: each parameter on both sides,
// several offers, and what must be declined or fail the connection.
#include "ws/deflate/permessage.hpp"

#include <doctest/doctest.h>

#include "ws/http.hpp"

using namespace ws::deflate;

namespace {

// The answer to this header, "" for none.
std::string answer_to(std::string_view header, const Terms& allowed = {}) {
    const std::vector<std::string_view> extensions = ws::split(header, ',');
    const std::optional<Choice> choice = choose(extensions, allowed);
    return choice ? choice->answer : "";
}

std::optional<Terms> accepted(std::string_view header, const Terms& offered = {}) {
    const std::vector<std::string_view> extensions = ws::split(header, ',');
    return accept(extensions, offered);
}

const std::string plain = "permessage-deflate";

}  // namespace

TEST_CASE("permessage-deflate §7.1 what a client offers") {
    CHECK(offer({}) ==
          "permessage-deflate; client_max_window_bits");  // what wscat and browsers send
    CHECK(offer({.client_max_window_bits = 9}) == "permessage-deflate; client_max_window_bits=9");
    CHECK(offer({.server_no_context_takeover = true,
                 .client_no_context_takeover = true,
                 .server_max_window_bits = 8,
                 .client_max_window_bits = 14}) ==
          "permessage-deflate; server_no_context_takeover; client_no_context_takeover; "
          "server_max_window_bits=8; client_max_window_bits=14");
}

TEST_CASE("permessage-deflate §7.1 a server accepts and names what it must") {
    CHECK(answer_to(plain) == plain);
    CHECK(answer_to(plain + "; client_max_window_bits") == plain);
    CHECK(answer_to(plain + "; server_no_context_takeover") ==
          plain + "; server_no_context_takeover");
    CHECK(answer_to(plain + "; client_no_context_takeover") ==
          plain + "; client_no_context_takeover");
    CHECK(answer_to(plain + "; server_max_window_bits=10") ==
          plain + "; server_max_window_bits=10");
    CHECK(answer_to(plain + ";client_max_window_bits=9") == plain + "; client_max_window_bits=9");
    CHECK(answer_to(plain + " ; server_max_window_bits = \"10\" ") ==
          plain + "; server_max_window_bits=10");
    for (unsigned bits = 8; bits < 15; ++bits) {
        const std::string number = std::to_string(bits);
        CHECK(answer_to(plain + "; server_max_window_bits=" + number) ==
              plain + "; server_max_window_bits=" + number);
    }
    // Named because it was offered, also where it says nothing new.
    CHECK(answer_to(plain + "; server_max_window_bits=15") ==
          plain + "; server_max_window_bits=15");
}

TEST_CASE("permessage-deflate §7.1 a server grants no more than it was told") {
    const Terms small{.server_max_window_bits = 11, .client_max_window_bits = 10};
    CHECK(answer_to(plain + "; client_max_window_bits", small) ==
          plain + "; server_max_window_bits=11; client_max_window_bits=10");
    CHECK(answer_to(plain + "; client_max_window_bits=9; server_max_window_bits=8", small) ==
          plain + "; server_max_window_bits=8; client_max_window_bits=9");
    CHECK(answer_to(plain + "; client_max_window_bits=12; server_max_window_bits=12", small) ==
          plain + "; server_max_window_bits=11; client_max_window_bits=10");
    // §7.1.2.2: a client that does not offer the parameter cannot be told.
    CHECK(answer_to(plain, small) == "");
    const Terms forgetful{.server_no_context_takeover = true, .client_no_context_takeover = true};
    CHECK(answer_to(plain, forgetful) ==
          plain + "; server_no_context_takeover; client_no_context_takeover");
}

TEST_CASE("permessage-deflate §5.1 the first of several offers that can be kept") {
    CHECK(answer_to("x-unknown, " + plain + "; server_max_window_bits=10, " + plain) ==
          plain + "; server_max_window_bits=10");
    CHECK(answer_to(plain + "; server_max_window_bits=99, " + plain +
                    "; server_max_window_bits=9") == plain + "; server_max_window_bits=9");
    CHECK(answer_to(plain + ", " + plain + "; client_max_window_bits",
                    {.client_max_window_bits = 12}) == plain + "; client_max_window_bits=12");
    CHECK(answer_to("x-webkit-deflate-frame") == "");
    CHECK(answer_to("permessage-deflate2, permessage-bzip2") == "");
}

TEST_CASE("permessage-deflate §9 of RFC 6455: what was not offered is not agreed on") {
    const std::vector<std::string_view> others{"x-unknown", "deflate", "permessage-deflate2", "mux; a=b"};
    CHECK_FALSE(ws::deflate::choose(others, {}));
    CHECK_FALSE(ws::deflate::choose({}, {}));
}

TEST_CASE("permessage-deflate §7.1 a server declines what is not as the RFC defines it") {
    for (const char* const parameters : {"; unknown",
                                         "; server_no_context_takeover=1",
                                         "; client_no_context_takeover=\"\"",
                                         "; server_no_context_takeover; server_no_context_takeover",
                                         "; client_no_context_takeover; client_no_context_takeover",
                                         "; server_max_window_bits=9; server_max_window_bits=9",
                                         "; client_max_window_bits; client_max_window_bits",
                                         "; client_max_window_bits=9; client_max_window_bits",
                                         "; server_max_window_bits",
                                         "; server_max_window_bits=7",
                                         "; server_max_window_bits=16",
                                         "; server_max_window_bits=08",
                                         "; server_max_window_bits=+9",
                                         "; server_max_window_bits=1",
                                         "; server_max_window_bits=100",
                                         "; server_max_window_bits=",
                                         "; client_max_window_bits=0",
                                         "; client_max_window_bits=7",
                                         "; client_max_window_bits=16",
                                         "; client_max_window_bits=015",
                                         "; client_max_window_bits=a",
                                         "; server_max_window_bits=\"10",
                                         "; server_max_window_bits=10\"",
                                         "; server_max_window_bits=1/",
                                         "; server_max_window_bits=1:",
                                         "; server_max_window_bits=20",
                                         "; client_max_window_bits=\"\"",
                                         "; Server_No_Context_Takeover",
                                         ";",
                                         "; ;"}) {
        CAPTURE(parameters);
        CHECK(answer_to(plain + parameters) == "");
    }
}

TEST_CASE("permessage-deflate §7.1 what an answer means to a client") {
    CHECK(accepted(plain) == Terms{});
    CHECK(accepted(plain + "; server_no_context_takeover") ==
          Terms{.server_no_context_takeover = true});
    CHECK(accepted(plain + "; client_no_context_takeover") ==
          Terms{.client_no_context_takeover = true});
    CHECK(accepted(plain + "; server_max_window_bits=8") == Terms{.server_max_window_bits = 8});
    CHECK(accepted(plain + "; client_max_window_bits=8") == Terms{.client_max_window_bits = 8});
    // What the client has offered to leave out it leaves out, also when the answer does not say so.
    CHECK(accepted(plain, {.client_no_context_takeover = true, .client_max_window_bits = 10}) ==
          Terms{.client_no_context_takeover = true, .client_max_window_bits = 10});
    CHECK(accepted(plain + "; client_max_window_bits=12", {.client_max_window_bits = 10}) ==
          Terms{.client_max_window_bits = 10});
    CHECK(accepted(plain + "; server_max_window_bits=9", {.server_max_window_bits = 10}) ==
          Terms{.server_max_window_bits = 9});
}

TEST_CASE("permessage-deflate §7.1 an answer that is none fails the connection") {
    for (const char* const parameters :
         {"; unknown", "; server_max_window_bits", "; server_max_window_bits=7",
          "; client_max_window_bits", "; client_max_window_bits=16",
          "; server_no_context_takeover=1",
          "; server_no_context_takeover; server_no_context_takeover", ", permessage-deflate",
          ", x"}) {
        CAPTURE(parameters);
        CHECK(!accepted(plain + parameters).has_value());
    }
    CHECK(!accepted("x").has_value());
    CHECK(!accepted(plain, {.server_no_context_takeover = true}).has_value());
    CHECK(!accepted(plain, {.server_max_window_bits = 10}).has_value());
    CHECK(!accepted(plain + "; server_max_window_bits=11", {.server_max_window_bits = 10})
               .has_value());
    CHECK(!accept({}, {}).has_value());
}

TEST_CASE("permessage-deflate §7.1 our server and our client agree on everything") {
    for (int flags = 0; flags < 16; ++flags) {
        for (unsigned bits = 8; bits <= 15; ++bits) {
            const Terms wanted{(flags & 1) != 0, (flags & 2) != 0, bits, 23 - bits};
            const Terms allowed{(flags & 4) != 0, (flags & 8) != 0, 15, 12};
            const std::string offered = offer(wanted);
            const std::string_view offers[] = {offered};
            const std::optional<Choice> choice = choose(offers, allowed);
            REQUIRE(choice.has_value());
            const std::string_view answers[] = {choice->answer};
            CHECK(accept(answers, wanted) == choice->terms);
        }
    }
}
