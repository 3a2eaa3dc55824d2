// The scenarios of lesson 16: waits, replies, and a connection that comes back, at both ends.
#include "lessons/16-many-machines/checks.hpp"

namespace check {

namespace {

// --- exercise 2: waits ----------------------------------------------------------------------------

const Scenario growing{"growing-waits", exercise(2), "RFC 6455 §7.2.3", "each wait is twice the one before",
    [](Run& run) {
    const std::string_view why = "after so many failures, with no chance in it, the longest wait";
    unsigned failures = 0;
    for (const unsigned expected : {500u, 1000u, 2000u, 4000u}) {
        expect_call(run, Call{"next_wait", 500u, 30'000u, failures, 0u}, std::tuple{expected, failures + 1}, why);
        ++failures;
    }
}};

const Scenario longest{"longest-wait", exercise(2), "RFC 6455 §7.2.3", "waits are truncated, and never overflow",
    [](Run& run) {
    for (const unsigned failures : {6u, 7u, 31u, 32u, 33u, 63u, 64u, 4'000'000u})
        expect_call(run, Call{"next_wait", 500u, 30'000u, failures, 0u}, std::tuple{30'000u, failures + 1},
                    "30 seconds are the limit, after however many failures");
}};

const Scenario jitter{"jitter", exercise(2), "RFC 6455 §7.2.3", "a part of each wait is chance", [](Run& run) {
    const auto first = static_cast<unsigned>(run.number(100, 900)) * 2;
    std::vector<bool> seen(4);
    for (int i = 0; i < 64; ++i) {
        const auto chance = static_cast<std::uint32_t>(run.number(0, 0xFFFF'FFFF));
        const auto [wait, failures] = run.call("next_wait", first, 30'000u, 0u, chance).as<unsigned, unsigned>();
        run.is_true(wait >= first / 2 && wait <= first,
                    "the wait is " + std::to_string(wait) + ", and should be from " +
                        std::to_string(first / 2) + " to " + std::to_string(first) +
                        ": half of it is sure, the other half is chance");
        seen[std::min(3u, (wait - first / 2) * 8 / first)] = true;
    }
    run.is_true(seen[0] && seen[1] && seen[2] && seen[3],
                "of 64 waits none fell into a quarter of those that can be: chance should reach all of them, or "
                "those who lost one server come back in one moment");
}};

// --- exercise 3: replies --------------------------------------------------------------------------

struct Limits {
    std::size_t text = 1000, items = 1000, depth = 8, reply = 1'000'000;
};

// With \r, \n and bytes of zero as they are written, and all else as it is.
std::string visible(std::string_view bytes) {
    std::string text;
    for (const char byte : bytes) {
        const std::string_view one{&byte, 1};
        const bool is_control = static_cast<unsigned char>(byte) < ' ';
        text += is_control ? quote(one).substr(1, quote(one).size() - 2) : std::string{one};
    }
    return text;
}

// However it is cut, the same comes out.
void expect_replies(Run& run, std::string_view bytes, const std::vector<std::string>& expected, bool broken,
                    std::string_view why, Limits limits = {}) {
    run.for_every_cut(bytes_of(bytes), [&](const std::vector<Buffer>& pieces) {
        run.fresh();
        run.step("replies(" + quote(bytes, 80) + ") " + run.in_pieces(pieces));
        const Call call = Call{"replies", pieces, limits.text, limits.items, limits.depth, limits.reply}.as("the same");
        const auto [got, failed] = run.call(call).as<std::vector<std::string>, bool>();
        const auto shown = [](const std::vector<std::string>& all) {
            std::string text;
            for (const std::string& each : all) text += (text.empty() ? "" : ", ") + visible(each);
            return all.empty() ? std::string{"nothing"} : text;
        };
        run.equal("what was read", Plain{shown(got)}, Plain{shown(expected)}, why);
        run.equal("the stream is broken", failed, broken, why);
    });
}

const Scenario texts{"texts", exercise(3), "RESP", "a text is as long as it says, whatever it holds", [](Run& run) {
    const std::string words = run.payload(7);
    expect_replies(run, "$7\r\n" + words + "\r\n", {'"' + words + '"'}, false, "seven bytes, and the end of a line");
    expect_replies(run, "$4\r\n\r\n+x\r\n+OK\r\n", {"\"\r\n+x\"", "+OK"}, false,
                   "the bytes of a text are not looked at: they may look like the end of a line, or a reply");
    const std::string bytes("\0a \0 \n", 6);
    expect_replies(run, "$6\r\n" + bytes + "\r\n", {'"' + bytes + '"'}, false,
                   "six bytes: one of zero ends no text, and a blank or \\n at its end is a part of it");
    expect_replies(run, "$0\r\n\r\n:1\r\n", {"\"\"", ":1"}, false, "an empty text has an end of a line, too");
    expect_replies(run, "$-1\r\n:1\r\n", {"nothing", ":1"}, false, "-1: there is no such text, and nothing follows");
}};

const Scenario broken_texts{"broken-texts", exercise(3), "RESP", "a text that lies ends the stream", [](Run& run) {
    expect_replies(run, "$2\r\nabc\r\n", {}, true, "after the two bytes an end of a line was promised");
    expect_replies(run, "$2\r\nab\rc", {}, true, "an end of a line is \\r and \\n, and \\r alone is none");
    expect_replies(run, "$2\r\nabc\n", {}, true, "an end of a line is \\r and \\n, and \\n alone is none");
    expect_replies(run, "$-2\r\n", {}, true, "of negative lengths there is only -1");
    expect_replies(run, "$x\r\n", {}, true, "a length is a number");
    expect_replies(run, "$12x\r\n", {}, true, "a length is a number, to the end of its line");
}};

const Scenario too_long{"text-limit", exercise(3), "RESP", "a length is held against the limit before it is believed",
    [](Run& run) {
    expect_replies(run, "$20\r\n01234567890123456789\r\n", {"\"01234567890123456789\""}, false,
                   "20 bytes are within the limit of 20", {.text = 20});
    expect_replies(run, "$21\r\n", {}, true,
                   "21 are announced and 20 allowed: nobody waits for the bytes, or makes room for them", {.text = 20});
    expect_replies(run, "$9223372036854775807\r\n", {}, true, "nor for more than there is on earth");
    expect_replies(run, "$4294967297\r\na\r\n", {}, true,
                   "this is 2^32 + 1. Who keeps it in 32 bits before looking at the limit takes it for 1, and what "
                   "follows for replies");
    for (const char* const kind : {"!", "="})
        expect_replies(run, std::string{kind} + "21\r\n", {}, true,
                       "an error and a verbatim text have a length as any text, and the same limit", {.text = 20});
    const std::string text = "$300\r\n" + std::string(300, 'x') + "\r\n", read = '"' + std::string(300, 'x') + '"';
    expect_replies(run, "*2\r\n" + text + "$300\r\n", {}, true,
                   "each text is within its limit, and both together are beyond that of a whole reply, which is 500: "
                   "many short texts fill the memory as one long text does; count() says when it is too much",
                   {.reply = 500});
    expect_replies(run, text + text, {read, read}, false, "the limit of 500 is for each reply, and these are two",
                   {.reply = 500});
}};

const Scenario arrays{"arrays", exercise(3), "RESP", "an array closes when its last item is whole, and so does its parent",
    [](Run& run) {
    expect_replies(run, "*2\r\n:1\r\n:2\r\n+next\r\n", {"[:1 :2]", "+next"}, false, "two items, and another reply");
    expect_replies(run, "*2\r\n*2\r\n$1\r\na\r\n*0\r\n*1\r\n*1\r\n:5\r\n:6\r\n",
                   {"[[\"a\" []] [[:5]]]", ":6"}, false,
                   "the last item of an inner array may be the last one of its parent");
    expect_replies(run, "*1\r\n*2\r\n:1\r\n*1\r\n:2\r\n:3\r\n", {"[[:1 [:2]]]", ":3"}, false,
                   "as XRANGE answers: an entry is an id and an array, and the last one ends all that is open");
    expect_replies(run, "*2\r\n$-1\r\n:1\r\n", {"[nothing :1]"}, false,
                   "a text that is not there is an item as any; so MGET answers for a key that nobody knows");
    expect_replies(run, "*1\r\n*-1\r\n*0\r\n", {"[nothing]", "[]"}, false, "no array, and an empty one, are items as any");
    expect_replies(run, "*2\r\n-ERR no\r\n:1\r\n", {"[-ERR no :1]"}, false,
                   "an error within an array is an item, and the others follow");
    expect_replies(run, "%1\r\n+a\r\n*1\r\n%1\r\n:1\r\n:2\r\n", {"{+a [{:1 :2}]}"}, false,
                   "a map (RESP3) is open like an array, and is still a map when it is whole");
}};

const Scenario texts_of_3{"resp3-texts", exercise(3), "RESP3", "an error may be as long as a text; a verbatim text says how "
    "it is written", [](Run& run) {
    expect_replies(run, "!8\r\nERR a\r\nb\r\n", {"-ERR a\r\nb"}, false, "after \"!\" stands an error, with its length");
    expect_replies(run, "=9\r\ntxt:hello\r\n=4\r\nmkd:\r\n", {"\"hello\"", "\"\""}, false,
                   "the first four bytes of a verbatim text say how it is written, and are no part of it");
    expect_replies(run, "=9\r\ntxt:a:b:c\r\n", {"\"a:b:c\""}, false, "four bytes, however many colons stand after them");
    expect_replies(run, "*3\r\n!5\r\nERR a\r\n=5\r\ntxt:b\r\n:1\r\n", {"[-ERR a \"b\" :1]"}, false,
                   "within an array both are what they are alone, and items as any");
    expect_replies(run, "=7\r\na:hello\r\n", {}, true, "three letters and a colon were promised");
    expect_replies(run, "=5\r\nhello\r\n", {}, true, "three letters and a colon were promised");
    expect_replies(run, "=3\r\ntxt\r\n", {}, true, "three letters and a colon were promised");
    for (const char* const bytes : {"=-1\r\n", "!-1\r\n"})
        expect_replies(run, bytes, {}, true, "only \"$\" has a length of -1: RESP3 writes \"_\"");
}};

const Scenario aside{"aside", exercise(3), "RESP3", "an attribute and a push are no replies, and no items", [](Run& run) {
    expect_replies(run, ">2\r\n$7\r\nmessage\r\n$2\r\nhi\r\n:1\r\n", {":1"}, false,
                   "a push comes without having been asked for: whoever takes it for an answer gives each question "
                   "the answer of another one");
    expect_replies(run, "|1\r\n+ttl\r\n*1\r\n:9\r\n*2\r\n:1\r\n|1\r\n+ttl\r\n:9\r\n:2\r\n", {"[:1 :2]"}, false,
                   "an attribute stands before what it tells of, also within an array, and is no item");
}};

// --- exercise 4: a connection that comes back -----------------------------------------------------

constexpr std::string_view key = "0123456789abcdef0123456789abcdef";

std::string say(std::string_view words, std::string_view with_key = key) {
    return "{\"text\":\"" + std::string{words} + "\",\"key\":\"" + std::string{with_key} + "\"}";
}

const Scenario said_once{"said-again", exercise(4).once(), "", "what was unanswered is sent again, and is there once",
    [](Run& run) {
    Redis redis{run};
    Server server{run, {"--redis", redis.address()}};
    Person ada{run, redis, server, "ada"};
    const std::string words = run.payload(9);
    redis.lose_next_reply = true;
    ada.send(say(words));
    ada.next_with("accepted", "the answer was lost with the connection, so nobody knows whether Redis has the "
                              "message: on the next connection it is sent again, with its key");
    run.equal("the command was carried out", redis.additions, 2, "once on each connection");
    run.equal("entries in the log", redis.entries(), std::size_t{1}, "its key makes it one message");
    ada.expect_heard("1 " + words, "it is in the log, so the room hears it");
    ada.expect_nothing("there is one message");
}};

const Scenario again_in_order{"said-again-in-order", exercise(4).once(), "", "several are sent again in their order",
    [](Run& run) {
    Redis redis{run};
    Server server{run, {"--redis", redis.address()}};
    Person ada{run, redis, server, "ada"};
    redis.lose_next_reply = true;
    redis.wait_for = 4;  // or what comes after the break is refused
    std::string number(key);
    for (char i = '1'; i <= '4'; ++i) {
        number.back() = i;
        ada.send(say(std::string(1, i), number));
    }
    for (int i = 1; i <= 4; ++i)
        ada.expect_heard(std::to_string(i) + ' ' + std::to_string(i), "as they were said");
}};

const Scenario time_anew{"time-anew", exercise(4).once(), "", "what is sent again is waited for as long as what is new",
    [](Run& run) {
    Redis redis{run};
    Server server{run, {"--redis", redis.address()}};
    Person ada{run, redis, server, "ada"};
    run.step("Redis takes its time to answer, which is less than the 5 s after which a server gives it up");
    redis.hold_additions = true;
    ada.send(say("hi"));
    redis.serve(Milliseconds{3'000});
    run.step("the connection breaks, and on the next one it takes its time once more");
    const Deadline late = in(Milliseconds{4'500});  // on a busy machine it may be given up with good reason
    const int before = redis.additions;
    redis.end_connections();
    redis.serve(Milliseconds{3'000});
    const bool is_late = std::chrono::steady_clock::now() > late;
    const int sent = redis.additions - before;
    redis.release();
    ada.next_with("accepted", "the message was sent again, and Redis has answered");
    run.is_true(is_late || sent <= 1,
                "the message was sent again " + std::to_string(sent) + " times within 3 s, on as many connections: Redis "
                "was given up before it had its 5 s. The time of what is sent again begins anew with it; a server "
                "that goes on with the old one hangs up as soon as it is connected, if Redis was away for long, again and again");
}};

const Scenario replica{"replica", exercise(4).once(), "", "a replica is no Redis for us", [](Run& run) {
    Redis redis{run};
    redis.replica = true;
    Server server{run, {"--redis", redis.address()}};
    for (int i = 0; i < 100 && redis.greetings < 4; ++i) redis.serve(Milliseconds{50});
    run.is_true(redis.greetings >= 4, "this Redis answers HELLO with the role replica, and the server stays with it: "
                                      "it should hang up, and try again after a while");
    run.equal("commands to a replica", redis.asked_a_replica, 0, "it would refuse every message");
    run.step("the replica becomes the master");
    redis.replica = false;
    Person ada{run, redis, server, "ada"};
    ada.send(say("hi"));
    ada.expect_heard("1 hi", "now it is a master");
}};

const Scenario away{"away", exercise(4).once(), "", "while Redis is away messages are refused, and nobody is sent home",
    [](Run& run) {
    Redis redis{run};
    Server server{run, {"--redis", redis.address()}};
    Person ada{run, redis, server, "ada"};
    run.step("Redis ends all connections, and takes no new ones");
    redis.away = true;
    redis.end_connections();
    ada.next_with("store", "the server tells its clients that the store is away");
    ada.send(say("hi"));
    const std::string refused = ada.next_with("refused", "there is nobody to take the message, and ada is told so");
    run.equal("the key of what was refused", member(refused, "refused"), std::string{key});
    run.step("Redis is there again");
    redis.away = false;
    ada.next_with("store", "the server tries again, and tells that the store is back");
    ada.send(say("hi"));
    ada.expect_heard("1 hi", "she said it once more, with the same key");
}};

// --- the client's side of it ----------------------------------------------------------------------

// A connection of their client; what it says first.
std::string hello(Peer& peer) {
    peer.welcome();
    const Seen seen = peer.frame("its name and its room");
    return std::string{seen.text()};
}

void joined(Peer& peer, int number) {
    peer.send(text(R"({"room":"lobby","users":["ada"],"rooms":["lobby"],"id":")" + position(number) + "\"}"));
}
void tell(Peer& peer, int number, std::string_view words) {
    peer.send(text("{\"id\":\"" + position(number) + "\"," + words_of("bob", words).substr(1)));
}

const Scenario resumes{"resumes", exercise(4).once(), "", "a client that comes back names the last message that it saw",
    [](Run& run) {
    Host host{run};
    Client client{run, host, {"--user", "ada"}};
    {
        Peer first{run, host};
        const std::string said = hello(first);
        run.is_true(said.find("\"after\"") == said.npos,
                    "on its first connection it names a place, \"after\", and it has seen nothing yet: " + quote(said, 80));
        joined(first, 16);
        tell(first, 17, "hi");
        client->line_with("bob: hi");
        run.step("the server is killed");
        first.reset();
    }
    Peer second{run, host};
    run.equal("after", member(hello(second), "after"), position(17), "message 17 is the last one that it saw");
    joined(second, 17);
    tell(second, 18, "still here");
    client->line_with("bob: still here");
    second.reset();
    Peer third{run, host};
    run.equal("after", member(hello(third), "after"), position(18), "message 18 is the last one that it saw");
}};

const Scenario says_again{"client-says-again", exercise(4).once(), "",
    "what nobody answered is said again on the next connection, with the same key", [](Run& run) {
    Host host{run};
    Client client{run, host, {"--user", "ada"}};
    std::string first_key;
    const std::string words = run.payload(8);
    {
        Peer first{run, host};
        hello(first);
        joined(first, 3);
        client->line_with("In lobby");
        client->type(words + "\n");
        first_key = member(first.frame("what was typed").text(), "key");
        run.step("the server is killed before it answers");
        first.reset();
    }
    Peer second{run, host};
    hello(second);
    joined(second, 3);
    const std::string again{second.frame("what was typed, once more: nobody has answered it").text()};
    run.equal("its text", member(again, "text"), words);
    run.equal("its key", member(again, "key"), first_key, "another key would make it another message");
    second.send(text("{\"accepted\":\"" + first_key + "\",\"id\":\"" + position(4) + "\"}"));
    second.expect_silence(Milliseconds{400}, "it has been accepted, and is not said a third time");
}};

const Scenario refused{"refused", exercise(4).once(), "", "what was refused is told, and not said again; unknown is not refused",
    [](Run& run) {
    Host host{run};
    Client client{run, host, {"--user", "ada"}};
    Peer peer{run, host};
    hello(peer);
    joined(peer, 3);
    client->line_with("In lobby");
    client->type("one\n");
    const std::string unknown = member(peer.frame("what was typed").text(), "key");
    peer.send(text("{\"refused\":\"" + unknown + R"(","error":"no answer","unknown":true})"));
    const std::string again{peer.frame("the same once more: nobody knows whether it is there").text()};
    run.equal("its key", member(again, "key"), unknown, "said again, with its key");
    peer.send(text("{\"refused\":\"" + unknown + R"(","error":"the store is away"})"));
    client->type("two\n");
    const std::string other{peer.frame("the next line that is typed").text()};
    run.equal("its text", member(other, "text"), "two", "the one before is not there and is not said again: whoever "
                                                        "wrote it decides");
    run.step("the first one was said twice, and so the refusal comes twice; then the server is killed");
    peer.send(text("{\"refused\":\"" + unknown + R"(","error":"the store is away"})"));
    tell(peer, 4, "hi");
    client->line_with("bob: hi");
    peer.reset();
    Peer second{run, host};
    hello(second);
    joined(second, 4);
    const std::string_view why = "a refusal is of one message, by its key: nobody has answered the second one";
    const std::string kept{second.frame("the second line once more: " + std::string{why}).text()};
    run.equal("its text", member(kept, "text"), "two", why);
    run.equal("its key", member(kept, "key"), member(other, "key"), why);
}};

}  // namespace

}  // namespace check
