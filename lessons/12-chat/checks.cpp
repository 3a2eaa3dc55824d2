// The judge of lesson 12: JSON texts read and written, then rooms over real sockets.
// RFC 8259; RFC 6455 §5.1 (what a server sends is not masked, so one encoding serves all), §7.4.
// What a text means is decided here by hand, never by another parser.
#include "lessons/tools/check/check.hpp"

namespace check {

namespace {

// --- texts --------------------------------------------------------------------------------------

// As they stand in src/json/parse.hpp, with what each means.
enum class Fault : std::uint8_t {
    none, ends_too_early, expected_value, expected_name, expected_colon, expected_comma_or_bracket,
    expected_comma_or_brace, text_after_value, too_deep, too_many_values, duplicate_name, leading_zero,
    digit_missing, integer_out_of_range, number_out_of_range, control_character, unknown_escape,
    malformed_unicode_escape, lone_surrogate, invalid_utf8,
};
constexpr std::string_view sentences[] = {
    "no error", "the text ends too early", "a value must begin here",
    "a member's name in quotation marks must stand here", "a colon must stand here",
    "a comma or ] must stand here", "a comma or } must stand here",
    "the value has ended, and there is more text", "arrays and objects are nested too deep",
    "there are too many values", "an object has two members of this name",
    "a number must not begin with a needless 0", "a number needs a digit here",
    "an integer does not fit in 64 bits", "a number is out of the range of a double",
    "a string holds a control character unescaped", "a string holds an escape that does not exist",
    "\\u needs four hex digits", "an escape is one half of a surrogate pair",
    "a string holds a byte that is not UTF-8",
};
std::string_view sentence(Fault fault) {
    const auto number = static_cast<std::size_t>(fault);
    return number < std::size(sentences) ? sentences[number] : "an error that json/parse.hpp does not have";
}

Call parse(std::string_view text) {
    return Call{"parse", text}.as("parse(" + quote(text, 50) + ")");
}

// Reads a text that is right; what write() makes of it is `written`.
void expect_read(Run& run, std::string_view text, std::string_view written, std::string_view why) {
    run.fresh();
    const Call call = parse(text);
    const auto [fault, message, again] = run.call(call).as<Fault, std::string, std::string>();
    run.is_true(fault == Fault::none, call.text() + " is refused (" + message + "); " + std::string{why});
    run.equal(call.text() + ", written again,", again, written, why);
}

void expect_refused(Run& run, std::string_view text, Fault expected, std::string_view why) {
    run.fresh();
    const Call call = parse(text);
    const auto [fault, message, again] = run.call(call).as<Fault, std::string, std::string>();
    run.equal(call.text(), sentence(fault), sentence(expected), why);
}

// --- exercise 2: numbers ------------------------------------------------------------------------

const Scenario numbers{"numbers", exercise(2), "RFC 8259 §6",
    "minus, int, frac, exp, the last two as you like", [](Run& run) {
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

const Scenario not_numbers{"not-numbers", exercise(2), "RFC 8259 §6", "no needless zero, no digit left out",
    [](Run& run) {
    expect_refused(run, "01", Fault::leading_zero, "a number does not begin with a needless 0");
    expect_refused(run, "-01", Fault::leading_zero, "nor after a minus");
    expect_refused(run, "[1.]", Fault::digit_missing, "a point wants a digit after it");
    expect_refused(run, "[1e]", Fault::digit_missing, "an exponent wants a digit");
    expect_refused(run, "[1e+]", Fault::digit_missing, "a sign is no digit");
    expect_refused(run, "[-]", Fault::digit_missing, "a minus alone is no number");
    expect_refused(run, ".5", Fault::expected_value, "int is not optional");
    expect_refused(run, "+1", Fault::expected_value, "there is no plus in front");
    expect_refused(run, "1e999", Fault::number_out_of_range, "no double comes near");
}};

const Scenario integers{"integers", exercise(2), "RFC 8259 §6", "an integer is exact in 64 bits, or refused",
    [](Run& run) {
    const std::string_view why = "as a double it would lose digits, and nobody would see it";
    for (const std::string_view text : {"9007199254740993", "-9007199254740993",
                                        "9223372036854775807", "-9223372036854775808"})
        expect_read(run, text, text, why);
    expect_refused(run, "9223372036854775808", Fault::integer_out_of_range, why);
    expect_read(run, "-0", "-0.0",
                "an integer has no -0: it is the double that keeps its sign");
}};

// --- exercise 3: strings ------------------------------------------------------------------------

const Scenario control_characters{"control-characters", exercise(3), "RFC 8259 §7",
    "U+0000 to U+001F are escaped in a string", [](Run& run) {
    for (int byte = 0; byte < 0x20; ++byte)
        expect_refused(run, std::string{"\"a"} + static_cast<char>(byte) + "\"",
                       Fault::control_character, "it MUST be escaped");
    expect_read(run, "\"\\n\\t\\u0007\"", "\"\\n\\t\\u0007\"", "escaped they are welcome");
    expect_read(run, "\"ü€👋\"", "\"ü€👋\"", "other characters stand as they are");
    // (How it is written again is another hole's.)
    expect_refused(run, "\"a\x7F\"", Fault::none, "DEL may stand in a string as it is: the RFC names U+0000 to "
                                               "U+001F, and nothing else");
    expect_refused(run, "\"\xC3(\"", Fault::invalid_utf8, "JSON is UTF-8 (§8.1)");
}};

const Scenario surrogates{"surrogates", exercise(3), "RFC 8259 §7",
    "a character beyond U+FFFF is escaped as a pair", [](Run& run) {
    const std::string_view why = "10000 and ten bits of each half";
    expect_read(run, "\"\\uD83D\\uDC4B\"", "\"👋\"", why);
    expect_read(run, "\"\\uD800\\uDC00\"", "\"\xF0\x90\x80\x80\"", why);
    expect_read(run, "\"\\udbff\\udfff\"", "\"\xF4\x8F\xBF\xBF\"", why);
    expect_read(run, "\"\\u20ac\"", "\"€\"", "one escape is enough up to U+FFFF");
}};

const Scenario lone_surrogates{"lone-surrogates", exercise(3), "RFC 8259 §7", "half a pair is no character",
    [](Run& run) {
    const std::string_view why = "there is no UTF-8 for it, so it could not be sent on";
    for (const std::string_view text :
         {"\"\\uD83D\"", "\"\\uD83Dx\"", "\"\\uD83D\\n\"", "\"\\uDC4B\"", "\"\\uD83D\\uD83D\"",
          "\"\\uDC4B\\uD83D\""})
        expect_refused(run, text, Fault::lone_surrogate, why);
}};

const Scenario written_safely{"written-safely", exercise(3), "RFC 8259 §7",
    "what is written is safe on a terminal and in a page", [](Run& run) {
    const auto written = [&](std::string_view said, std::string_view expected, std::string_view why) {
        expect_call(run, Call{"write", said}, expected, why);
    };
    written("say \"hi\"", R"("say \"hi\"")", "the quotation mark would end the string");
    written("C:\\", R"("C:\\")", "the backslash would begin an escape");
    written("a\nb\x01", R"("a\nb\u0001")", "control characters must be escaped");
    written("\x7F\xC2\x9B", R"("\u007f\u009b")", "DEL and C1: terminals obey them");
    written("\xE2\x80\xA8", R"("\u2028")", "U+2028 ends a line in an old script");
    written("Grüße", "\"Grüße\"", "the rest is written as it is");
}};

// --- exercise 4: arrays and objects -------------------------------------------------------------

const Scenario arrays{"arrays", exercise(4), "RFC 8259 §5", "commas between elements, and nowhere else",
    [](Run& run) {
    expect_read(run, "[]", "[]", "an empty array is one");
    expect_read(run, " [ true , [ null ] , \"a\" ] ", "[true,[null],\"a\"]",
                "space is allowed around each");
    expect_refused(run, "[true,]", Fault::expected_value, "a comma promises another element");
    expect_refused(run, "[,true]", Fault::expected_value, "there is nothing before the comma");
    expect_refused(run, "[true false]", Fault::expected_comma_or_bracket,
                   "two elements want a comma");
    expect_refused(run, "[true", Fault::ends_too_early, "the bracket is missing");
    expect_refused(run, "[true]]", Fault::text_after_value, "one value, and space");
}};

const Scenario objects{"objects", exercise(4), "RFC 8259 §4", "a name in quotation marks, a colon, a value",
    [](Run& run) {
    expect_read(run, "{}", "{}", "an empty object is one");
    expect_read(run, "{\"b\":true, \"a\" : {\"c\":[]}}", "{\"b\":true,\"a\":{\"c\":[]}}",
                "members keep their order");
    expect_read(run, "{\"\":true}", "{\"\":true}", "a name is a string, and a string may be empty");
    expect_refused(run, "{\"a\":true,}", Fault::expected_name,
                   "a comma promises another member");
    expect_refused(run, "{a:true}", Fault::expected_name, "names are strings");
    expect_refused(run, "{\"a\" true}", Fault::expected_colon, "between name and value");
    expect_refused(run, "{\"a\":true \"b\":true}", Fault::expected_comma_or_brace,
                   "two members want a comma");
}};

const Scenario duplicate_names{"duplicate-names", exercise(4), "RFC 8259 §4",
    "a name stands once in an object", [](Run& run) {
    const std::string_view why =
        "a filter may look at the first one, and the program at the last";
    expect_refused(run, R"({"user":"ann","user":"bob"})", Fault::duplicate_name, why);
    expect_refused(run, R"({"a":true,"b":true,"\u0061":false})", Fault::duplicate_name,
                   "\\u0061 is a: the same name");
    expect_read(run, R"([{"a":true},{"a":false}])", R"([{"a":true},{"a":false}])",
                "two objects may each have one");
}};

const Scenario too_deep{"too-deep", exercise(4), "RFC 8259 §9",
    "a text does not decide how deep we call ourselves", [](Run& run) {
    const std::string open(64, '['), close(64, ']');
    expect_read(run, open + close, open + close, "64 levels are allowed");
    for (const char* bracket : {"[", "{\"a\":"}) {
        std::string text;
        for (int i = 0; i < 100'000; ++i) text += bracket;
        expect_refused(run, text, Fault::too_deep,
                       "100,000 levels end the stack, and the process");
    }
    expect_refused(run, '[' + open + close + ']', Fault::too_deep, "65 levels are one too many");
}};

// --- exercise 5: rooms --------------------------------------------------------------------------

// Somebody in the chat.
class User {
  public:
    User(Run& run, Server& server, std::string name, const std::string& room = "lobby")
        : peer{run, server}, run_{run}, name_{std::move(name)} {
        peer.open();
        send(R"({"user":")" + name_ + R"(","room":")" + room + R"("})");
        said({R"("room":")" + room, name_}, "the answer to the first message: who is here");
        said({name_, "joined the chat"}, "whoever joins is announced to all, itself included");
    }

    void send(std::string_view json) { peer.send(text(json).masked(run_.key())); }
    void say(std::string_view text) { send(R"({"text":")" + std::string{text} + R"("})"); }

    // The next message holds all of these.
    void said(const std::vector<std::string>& parts, std::string_view why) {
        const Seen frame =
            peer.frame("a message for " + name_ + " (" + std::string{why} + ")");
        for (const std::string& part : parts)
            if (frame.text().find(part) == std::string_view::npos)
                peer.fail(Verdict::wrong, name_ + " should get a message with " +
                                                     quote(part) + ": " + std::string{why});
    }

    Peer peer;

  private:
    Run& run_;
    std::string name_;
};

const Scenario one_room{"room", exercise(5).needs(3, 4).once(), "RFC 6455 §5.1",
    "what one says, all in the room hear, the sender included", [](Run& run) {
                           Server server{run};
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

const Scenario rooms_apart{"rooms-apart", exercise(5).needs(3, 4).once(), "",
    "whoever changes the room hears the new one, and the old one no more", [](Run& run) {
    Server server{run};
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

const Scenario leave{"leave", exercise(5).needs(3, 4).once(), "",
    "a client that has gone is no member, whichever place it had", [](Run& run) {
    Server server{run};
    const std::string name = "room-" + run.payload(6);
    User ann{run, server, "ann", name};
    User bob{run, server, "bob", name};
    User eve{run, server, "eve", name};
    ann.said({"bob", "joined"}, "in order");
    ann.said({"eve", "joined"}, "in order");
    bob.said({"eve", "joined"}, "in order");
    // The first of three: the last one takes its place.
    ann.peer.send(close(1000).masked(run.key()));
    ann.peer.expect_close(1000, "the closing handshake");
    bob.said({"ann", "left the chat"}, "she is gone");
    eve.said({"ann", "left the chat"}, "she is gone");
    eve.peer.send(close(1000).masked(run.key()));
    eve.peer.expect_close(1000, "the closing handshake");
    bob.said({"eve", "left the chat"}, "she had the place of the one before");
    bob.say("alone");
    bob.said({"bob", "alone"}, "the room goes on with one");
}};

const Scenario empty_room_ends{"empty-room-ends", exercise(5).needs(3, 4), "",
    "a room ends with its last member", [](Run& run) {
    Server server{run};
    const std::string name = "gone-" + run.payload(6);
    User ann{run, server, "ann", name};
    ann.send(R"({"room":"other"})");
    ann.said({R"("room":"other")"}, "the answer: who is there");
    ann.said({"ann", "joined the chat"}, "she is announced");
    ann.send(R"({"rooms":true})");
    const Seen list = ann.peer.frame("the list of rooms");
    if (list.text().find(name) != std::string_view::npos)
        ann.peer.fail(Verdict::wrong,
                      "the room " + quote(name) +
                          " is still listed: whoever names rooms could fill the memory");
}};

// The next whole frame, not shown: there are thousands.
Seen next_frame(Peer& peer, const std::string& says) {
    for (;;) {
        const Seen seen = read_frame(peer.received());
        if (seen.whole) {
            peer.drop(seen.size);
            return seen;
        }
        if (!peer.read()) peer.fail(peer.ended() ? Verdict::closed_early : Verdict::timed_out, says);
    }
}

const Scenario slow_member{"slow-member", exercise(5).needs(3, 4).once(), "RFC 6455 §7.4.1",
    "whoever is too slow is dropped with 1013, and nobody waits", [](Run& run) {
    // Nobody answers pings here, and a busy machine needs its time for 24 MB.
    Server server{run, {"--max-backlog-bytes", "65536", "--idle-timeout", "0", "--write-timeout", "600"}};
    User eve{run, server, "eve"}, ann{run, server, "ann"}, bob{run, server, "bob"};
    eve.said({"ann", "joined"}, "in order");
    eve.said({"bob", "joined"}, "in order");
    ann.said({"bob", "joined"}, "in order");
    eve.peer.freeze(64 * 1024);
    run.step("ann says 2,000 characters, again and again, until eve is dropped");
    const Buffer words = text(R"({"text":")" + run.repeated(2000) + R"("})").masked(run.key()).bytes();
    bool dropped = false;
    for (int said = 0; said < 12'000 && !dropped; ++said) {
        if (!ann.peer.push(words))
            ann.peer.fail(Verdict::timed_out, "the server takes nothing more from ann");
        // Her own word comes back, or the news.
        const Seen hers = next_frame(ann.peer, "ann does not hear her own word any more: she waits for eve");
        const Seen his = next_frame(bob.peer, "bob does not hear ann's word any more: he waits for eve");
        if (his.text() != hers.text())
            bob.peer.fail(Verdict::wrong, "bob is told " + quote(his.text(), 60) + ", and ann " +
                                              quote(hers.text(), 60) +
                                              ": a word of hers did not reach him. Whoever is dropped within "
                                              "the loop gives its place to the last one, who is passed "
                                              "over then");
        dropped = hers.text().find("left the chat") != std::string_view::npos;
    }
    if (!dropped)
        ann.peer.fail(Verdict::wrong,
                      "eve has taken none of 24 MB, and nobody has heard that she left the chat. Either she "
                      "is still in the room, and all of it waits in the server's memory; or she was "
                      "dropped, and on_drop was not called");
    next_frame(ann.peer, "ann's last word does not come back");
    run.step("eve reads again");
    Seen last;
    while (!last.is(Op::close)) last = next_frame(eve.peer, "eve was dropped, and no Close tells her so");
    run.equal("its code", last.close_code(), 1013, "1013, Try Again Later: she has done nothing wrong");
    eve.peer.send(close(1013).masked(run.key()));
    eve.peer.expect_end("both Closes have been sent");
    ann.say("at last");
    ann.said({"at last"}, "the room goes on, and eve has left it once, when she was dropped");
}};

}  // namespace

}  // namespace check
