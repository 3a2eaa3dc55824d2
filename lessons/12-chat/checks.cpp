// The judge of lesson 12: JSON texts read and written, then rooms over real sockets.
// RFC 8259; RFC 6455 §5.1 (what a server sends is not masked, so one encoding serves all), §7.4.
// What a text means is decided here by hand, never by another parser.
#include "json/parse.hpp"
#include "json/write.hpp"
#include "lessons/tools/check/check.hpp"

namespace {

using check::Run;

const check::Lesson lesson{12, "12-chat"};

// --- texts --------------------------------------------------------------------------------------

std::string call_of(std::string_view text) { return "parse(" + check::quote(text, 50) + ")"; }

// Reads a text that is right; what write() makes of it is `written`.
void expect_read(Run& run, std::string_view text, std::string_view written, std::string_view why) {
    run.note('S', call_of(text));
    json::Value value;
    const json::Error error = json::parse(text, value);
    run.is_true(!error,
                call_of(text) + " is refused (" + error.message() + "); " + std::string{why});
    run.equal(call_of(text) + ", written again,", json::write(value), written, why);
}

void expect_refused(Run& run, std::string_view text, json::Errc errc, std::string_view why) {
    run.note('S', call_of(text));
    json::Value value;
    const json::Error error = json::parse(text, value);
    run.equal(call_of(text), json::sentence(error.errc), json::sentence(errc), why);
}

// --- exercise 2: numbers ------------------------------------------------------------------------

const check::Scenario numbers{
    {.lesson = 12,
     .name = "numbers",
     .exercise = 2,
     .rule = "minus, int, frac, exp, the last two as you like",
     .section = "RFC 8259 §6"},
    [](Run& run) {
        const std::string_view why = "number = [ minus ] int [ frac ] [ exp ]";
        expect_read(run, "0", "0", why);
        expect_read(run, "-7", "-7", why);
        expect_read(run, "10", "10", why);
        expect_read(run, "0.5", "0.5", why);
        expect_read(run, "-0.25", "-0.25", why);
        expect_read(run, "1e2", "100.0", "an exponent makes it a double, and it stays one");
        expect_read(run, "1E+2", "100.0", "E and e, with a sign or without");
        expect_read(run, "25e-1", "2.5", why);
        expect_read(run, "[1,-1,1.5]", "[1,-1,1.5]", why);
    }};

const check::Scenario not_numbers{
    {.lesson = 12,
     .name = "not-numbers",
     .exercise = 2,
     .rule = "no needless zero, no digit left out",
     .section = "RFC 8259 §6"},
    [](Run& run) {
        using json::Errc;
        expect_refused(run, "01", Errc::leading_zero, "a number does not begin with a needless 0");
        expect_refused(run, "-01", Errc::leading_zero, "nor behind a minus");
        expect_refused(run, "[1.]", Errc::digit_missing, "a point wants a digit behind it");
        expect_refused(run, "[1e]", Errc::digit_missing, "an exponent wants a digit");
        expect_refused(run, "[1e+]", Errc::digit_missing, "a sign is no digit");
        expect_refused(run, "[-]", Errc::digit_missing, "a minus alone is no number");
        expect_refused(run, ".5", Errc::expected_value, "int is not optional");
        expect_refused(run, "+1", Errc::expected_value, "there is no plus in front");
        expect_refused(run, "1e999", Errc::number_out_of_range, "no double comes near");
    }};

const check::Scenario integers{
    {.lesson = 12,
     .name = "integers",
     .exercise = 2,
     .rule = "an integer is exact in 64 bits, or refused",
     .section = "RFC 8259 §6"},
    [](Run& run) {
        const std::string_view why = "as a double it would lose digits, and nobody would see it";
        for (const std::string_view text : {"9007199254740993", "-9007199254740993",
                                            "9223372036854775807", "-9223372036854775808"})
            expect_read(run, text, text, why);
        expect_refused(run, "9223372036854775808", json::Errc::integer_out_of_range, why);
        expect_read(run, "-0", "-0.0",
                    "an integer has no -0: it is the double that keeps its sign");
    }};

// --- exercise 3: strings ------------------------------------------------------------------------

const check::Scenario control_characters{
    {.lesson = 12,
     .name = "control-characters",
     .exercise = 3,
     .rule = "U+0000 to U+001F are escaped in a string",
     .section = "RFC 8259 §7"},
    [](Run& run) {
        for (int byte = 0; byte < 0x20; ++byte)
            expect_refused(run, std::string{"\"a"} + static_cast<char>(byte) + "\"",
                           json::Errc::control_character, "it MUST be escaped");
        expect_read(run, "\"\\n\\t\\u0007\"", "\"\\n\\t\\u0007\"", "escaped they are welcome");
        expect_read(run, "\"ü€👋\"", "\"ü€👋\"", "other characters stand as they are");
        expect_refused(run, "\"\xC3(\"", json::Errc::invalid_utf8, "JSON is UTF-8 (§8.1)");
    }};

const check::Scenario surrogates{
    {.lesson = 12,
     .name = "surrogates",
     .exercise = 3,
     .rule = "a character beyond U+FFFF is escaped as a pair",
     .section = "RFC 8259 §7"},
    [](Run& run) {
        const std::string_view why = "10000 and ten bits of each half";
        expect_read(run, "\"\\uD83D\\uDC4B\"", "\"👋\"", why);
        expect_read(run, "\"\\uD800\\uDC00\"", "\"\xF0\x90\x80\x80\"", why);
        expect_read(run, "\"\\udbff\\udfff\"", "\"\xF4\x8F\xBF\xBF\"", why);
        expect_read(run, "\"\\u20ac\"", "\"€\"", "one escape is enough up to U+FFFF");
    }};

const check::Scenario lone_surrogates{
    {.lesson = 12,
     .name = "lone-surrogates",
     .exercise = 3,
     .rule = "half a pair is no character",
     .section = "RFC 8259 §7"},
    [](Run& run) {
        const std::string_view why = "there is no UTF-8 for it, so it could not be sent on";
        for (const std::string_view text :
             {"\"\\uD83D\"", "\"\\uD83Dx\"", "\"\\uD83D\\n\"", "\"\\uDC4B\"", "\"\\uD83D\\uD83D\"",
              "\"\\uDC4B\\uD83D\""})
            expect_refused(run, text, json::Errc::lone_surrogate, why);
    }};

const check::Scenario written_safely{
    {.lesson = 12,
     .name = "written-safely",
     .exercise = 3,
     .rule = "what is written is safe on a terminal and in a page",
     .section = "RFC 8259 §7"},
    [](Run& run) {
        const auto written = [&](std::string_view text, std::string_view expected,
                                 std::string_view why) {
            run.note('S', "write(" + check::quote(text) + ")");
            run.equal("write(" + check::quote(text) + ")", json::write(text), expected, why);
        };
        written("say \"hi\"", R"("say \"hi\"")", "the quotation mark would end the string");
        written("C:\\", R"("C:\\")", "the backslash would begin an escape");
        written("a\nb\x01", R"("a\nb\u0001")", "control characters must be escaped");
        written("\x7F\xC2\x9B", R"("\u007f\u009b")", "DEL and C1: terminals obey them");
        written("\xE2\x80\xA8", R"("\u2028")", "U+2028 ends a line in an old script");
        written("Grüße", "\"Grüße\"", "the rest is written as it is");
    }};

// --- exercise 4: arrays and objects -------------------------------------------------------------

const check::Scenario arrays{
    {.lesson = 12,
     .name = "arrays",
     .exercise = 4,
     .rule = "commas between elements, and nowhere else",
     .section = "RFC 8259 §5"},
    [](Run& run) {
        using json::Errc;
        expect_read(run, "[]", "[]", "an empty array is one");
        expect_read(run, " [ true , [ null ] , \"a\" ] ", "[true,[null],\"a\"]",
                    "space is allowed around each");
        expect_refused(run, "[true,]", Errc::expected_value, "a comma promises another element");
        expect_refused(run, "[,true]", Errc::expected_value, "there is nothing before the comma");
        expect_refused(run, "[true false]", Errc::expected_comma_or_bracket,
                       "two elements want a comma");
        expect_refused(run, "[true", Errc::ends_too_early, "the bracket is missing");
        expect_refused(run, "[true]]", Errc::text_after_value, "one value, and space");
    }};

const check::Scenario objects{
    {.lesson = 12,
     .name = "objects",
     .exercise = 4,
     .rule = "a name in quotation marks, a colon, a value",
     .section = "RFC 8259 §4"},
    [](Run& run) {
        using json::Errc;
        expect_read(run, "{}", "{}", "an empty object is one");
        expect_read(run, "{\"b\":true, \"a\" : {\"c\":[]}}", "{\"b\":true,\"a\":{\"c\":[]}}",
                    "members keep their order");
        expect_refused(run, "{\"a\":true,}", Errc::expected_name,
                       "a comma promises another member");
        expect_refused(run, "{a:true}", Errc::expected_name, "names are strings");
        expect_refused(run, "{\"a\" true}", Errc::expected_colon, "between name and value");
        expect_refused(run, "{\"a\":true \"b\":true}", Errc::expected_comma_or_brace,
                       "two members want a comma");
    }};

const check::Scenario duplicate_names{
    {.lesson = 12,
     .name = "duplicate-names",
     .exercise = 4,
     .rule = "a name stands once in an object",
     .section = "RFC 8259 §4"},
    [](Run& run) {
        const std::string_view why =
            "a filter may look at the first one, and the program at the last";
        expect_refused(run, R"({"user":"ann","user":"bob"})", json::Errc::duplicate_name, why);
        expect_refused(run, R"({"a":true,"b":true,"\u0061":false})", json::Errc::duplicate_name,
                       "\\u0061 is a: the same name");
        expect_read(run, R"([{"a":true},{"a":false}])", R"([{"a":true},{"a":false}])",
                    "two objects may each have one");
    }};

const check::Scenario too_deep{
    {.lesson = 12,
     .name = "too-deep",
     .exercise = 4,
     .rule = "a text does not decide how deep we call ourselves",
     .section = "RFC 8259 §9"},
    [](Run& run) {
        const std::string open(64, '['), close(64, ']');
        expect_read(run, open + close, open + close, "64 levels are allowed");
        for (const char* bracket : {"[", "{\"a\":"}) {
            std::string text;
            for (int i = 0; i < 100'000; ++i) text += bracket;
            expect_refused(run, text, json::Errc::too_deep,
                           "100,000 levels end the stack, and the process");
        }
    }};

// --- exercise 5: rooms --------------------------------------------------------------------------

// With several peers each waits for the others: nothing can be glued to what comes later.
const std::vector<check::Cut> one_by_one{check::Cut::whole, check::Cut::byte_by_byte,
                                         check::Cut::inside};

// Somebody in the chat.
class User {
  public:
    User(Run& run, check::Server& server, std::string name, const std::string& room = "lobby")
        : peer{run, server}, name_{std::move(name)} {
        peer.open();
        send(R"({"user":")" + name_ + R"(","room":")" + room + R"("})");
        said({R"("room":")" + room, name_}, "the answer to the first message: who is here");
        said({name_, "joined the chat"}, "whoever joins is announced to all, itself included");
    }

    void send(std::string_view json) { peer.send(check::text(json).masked(peer.run().key())); }
    void say(std::string_view text) { send(R"({"text":")" + std::string{text} + R"("})"); }

    // The next message holds all of these.
    void said(const std::vector<std::string>& parts, std::string_view why) {
        const check::Seen frame =
            peer.frame("a message for " + name_ + " (" + std::string{why} + ")");
        for (const std::string& part : parts)
            if (frame.text().find(part) == std::string_view::npos)
                peer.fail(check::Verdict::wrong, name_ + " should get a message with " +
                                                     check::quote(part) + ": " + std::string{why});
    }

    check::Peer peer;

  private:
    std::string name_;
};

const check::Scenario room{{.lesson = 12,
                            .name = "room",
                            .exercise = 5,
                            .rule = "what one says, all in the room hear, the sender included",
                            .section = "RFC 6455 §5.1",
                            .needs = {3, 4},
                            .cuts = one_by_one},
                           [](Run& run) {
                               check::Server server{run};
                               const std::string text = run.payload(12),
                                                 name = "room-" + run.payload(6);
                               User ann{run, server, "ann", name};
                               User bob{run, server, "bob", name};
                               ann.said({"bob", "joined the chat"}, "she was here first");
                               ann.say(text);
                               ann.said({R"("user":"ann")", text, R"("time":)"},
                                        "the sender hears it, too: so it knows the order");
                               bob.said({R"("user":"ann")", text}, "he is in the same room");
                               bob.say("back");
                               ann.said({"bob", "back"}, "she is in the same room");
                           }};

const check::Scenario rooms_apart{
    {.lesson = 12,
     .name = "rooms-apart",
     .exercise = 5,
     .rule = "who changes the room hears the new one, and the old one no more",
     .section = "",
     .needs = {3, 4},
     .cuts = one_by_one},
    [](Run& run) {
        check::Server server{run};
        const std::string one = "one-" + run.payload(5), two = "two-" + run.payload(5);
        User ann{run, server, "ann", one};
        User bob{run, server, "bob", one};
        ann.said({"bob", "joined"}, "she was here first");
        bob.send(R"({"room":")" + two + R"("})");
        ann.said({"bob", "left the chat"}, "he went to another room");
        bob.said({R"("room":")" + two}, "the answer: who is there");
        bob.said({"bob", "joined the chat"}, "he is announced there");
        ann.say("still here?");
        ann.said({"ann", "still here?"}, "she hears herself");
        bob.say("quiet here");
        bob.said({"bob", "quiet here"}, "the next thing that he hears is his own word, not hers");
    }};

const check::Scenario leave{
    {.lesson = 12,
     .name = "leave",
     .exercise = 5,
     .rule = "who has gone is no member, whichever place it had",
     .section = "",
     .needs = {3, 4},
     .cuts = one_by_one},
    [](Run& run) {
        check::Server server{run};
        const std::string name = "room-" + run.payload(6);
        User ann{run, server, "ann", name};
        User bob{run, server, "bob", name};
        User eve{run, server, "eve", name};
        ann.said({"bob", "joined"}, "in order");
        ann.said({"eve", "joined"}, "in order");
        bob.said({"eve", "joined"}, "in order");
        // The first of three: the last one takes its place.
        ann.peer.send(check::close(1000).masked(run.key()));
        ann.peer.expect_close(1000, "the closing handshake");
        bob.said({"ann", "left the chat"}, "she is gone");
        eve.said({"ann", "left the chat"}, "she is gone");
        eve.peer.send(check::close(1000).masked(run.key()));
        eve.peer.expect_close(1000, "the closing handshake");
        bob.said({"eve", "left the chat"}, "she had the place of the one before");
        bob.say("alone");
        bob.said({"bob", "alone"}, "the room goes on with one");
    }};

const check::Scenario empty_room_ends{
    {.lesson = 12,
     .name = "empty-room-ends",
     .exercise = 5,
     .rule = "a room ends with its last member",
     .section = "",
     .needs = {3, 4}},
    [](Run& run) {
        check::Server server{run};
        const std::string name = "gone-" + run.payload(6);
        User ann{run, server, "ann", name};
        ann.send(R"({"room":"other"})");
        ann.said({R"("room":"other")"}, "the answer: who is there");
        ann.said({"ann", "joined the chat"}, "she is announced");
        ann.send(R"({"rooms":true})");
        const check::Seen list = ann.peer.frame("the list of rooms");
        if (list.text().find(name) != std::string_view::npos)
            ann.peer.fail(check::Verdict::wrong,
                          "the room " + check::quote(name) +
                              " is still listed: whoever names rooms could fill the memory");
    }};

// What `eve` is sent until she is dropped; ann speaks and listens.
const check::Scenario slow_member{
    {.lesson = 12,
     .name = "slow-member",
     .exercise = 5,
     .rule = "who is too slow is dropped with 1013, and nobody waits",
     .section = "RFC 6455 §7.4.1",
     .needs = {3, 4},
     .cuts = {check::Cut::whole},
     .seconds = 30},
    [](Run& run) {
        check::Server server{run, {"--max-backlog-bytes", "65536"}};
        User eve{run, server, "eve"};
        User ann{run, server, "ann"};
        eve.said({"ann", "joined"}, "in order");
        eve.peer.freeze();
        run.step("ann says 2,000 characters, again and again, until eve is dropped");
        const check::Buffer text =
            check::text(R"({"text":")" + run.repeated(2000) + R"("})").masked(run.key()).bytes();
        bool dropped = false;
        for (int said = 0; said < 12'000 && !dropped; ++said) {
            if (!ann.peer.push(text))
                ann.peer.fail(check::Verdict::timed_out, "the server takes nothing more from ann");
            // Her own word comes back, or the news.
            for (bool back = false; !back && !dropped;) {
                check::Seen seen = check::read_frame(ann.peer.received());
                while (!seen.whole) {
                    if (!ann.peer.read())
                        ann.peer.fail(check::Verdict::timed_out,
                                      "ann does not hear her own word any more: she waits for eve");
                    seen = check::read_frame(ann.peer.received());
                }
                dropped = seen.text().find("left the chat") != std::string_view::npos;
                back = true;
                ann.peer.drop(seen.size);
            }
        }
        if (!dropped)
            ann.peer.fail(
                check::Verdict::wrong,
                "eve has taken none of 24 MB, and nobody has heard that she left the chat. Either she "
                "is still in the room, and all of it waits in the server's memory; or she was "
                "dropped, and on_drop was not called");
        ann.say("at last");
        for (int more = 0; more < 3; ++more) {
            const check::Seen seen = ann.peer.frame("her word");
            if (seen.text().find("at last") != std::string_view::npos) return;
        }
        ann.peer.fail(check::Verdict::wrong, "the room does not go on when eve has been dropped");
    }};

const check::Scenario encoded_once{
    {.lesson = 12,
     .name = "encoded-once",
     .exercise = 5,
     .rule = "a message for many is encoded once",
     .section = "RFC 6455 §5.1",
     .needs = {3, 4},
     .cuts = {check::Cut::whole}},
    [](Run& run) {
        check::Server server{run};
        std::vector<std::unique_ptr<User>> users;
        const std::string name = "many-" + run.payload(5), text = run.payload(200);
        for (int i = 0; i < 12; ++i) {
            users.push_back(std::make_unique<User>(run, server, "u" + std::to_string(i), name));
            for (int k = 0; k < i; ++k)
                users[static_cast<std::size_t>(k)]->said({"joined the chat"}, "somebody came");
        }
        users[0]->say(text);
        std::string first;
        for (const auto& user : users) {
            const check::Seen seen = user->peer.frame("the message");
            if (first.empty()) first = seen.text();
            if (seen.text() != first)
                user->peer.fail(check::Verdict::wrong,
                                "two members got different bytes of one message (its time?)");
        }
    }};

}  // namespace
