// The list: the wrong cases of the conformance suite, and what is no single exchange.
#include "tests/hostile/misbehaviours.hpp"

#include <random>
#include <thread>

namespace hostile {

using conformance::binary;
using conformance::cont;
using conformance::encode;
using conformance::ping;
using conformance::pong;
using conformance::text;
using conformance::unfinished;
using namespace std::chrono_literals;
using namespace std::string_literals;

namespace {

using List = std::vector<Misbehaviour>;

// As it would stand in the table's name.
std::string number(std::size_t i) { return std::to_string(i + 1); }

conformance::Frame closing(unsigned code, const std::string& reason = "") { return conformance::close(code, reason); }

// To a client that offered no compression, it is an answer that it did not ask for.
std::string agreement(const std::string& deflate) {
    return deflate.empty() ? "" : "Sec-WebSocket-Extensions: " + deflate + "\r\n";
}

// --- the cases that the conformance suite has for clients -------------------------------------------

void add_cases(List& list) {
    for (const conformance::Group& group : conformance::all_groups())
        for (const conformance::Case& each : group.cases) {
            if (each.side == conformance::Side::servers || each.large) continue;
            const bool wrong_opening = each.opening && !each.opening->accepted;
            const bool wrong_frames = !each.expected.fails.empty() || each.expected.free;
            if (!wrong_opening && !wrong_frames) continue;
            const std::string bytes = bytes_of(each, false);
            if (wrong_opening)
                list.push_back({each.id + " " + each.title, true, !each.opening->not_strict_if_taken, false,
                                [head = each.opening->head, bytes](Server& server) {
                                    const std::string& request = server.request();
                                    const std::size_t key = request.find("Sec-WebSocket-Key: ") + 19;
                                    server.send(conformance::filled_in(head, {.key = request.substr(key, 24)}) + bytes);
                                }});
            else
                list.push_back({each.id + " " + each.title, false, !each.expected.fails.empty() && !each.expected.free,
                                false, [bytes, deflate = each.deflate, chop = each.chop](Server& server) {
                                    server.accept(agreement(deflate));
                                    server.send(bytes, chop);
                                }});
        }
}

// A message of 1 GiB that has 7 MiB on the wire: a MiB of zeros, and the same again and again.
std::string bomb() {
    conformance::Packer packer;
    const std::string zeros(1 << 20, '\0'), tail{"\0\0\xFF\xFF", 4};
    std::string stream = packer.pack(zeros);
    const std::string next = packer.pack(zeros);
    for (int i = 1; i < 1024; ++i) stream += tail + next;
    return encode(conformance::with_rsv(binary(stream), 4), false);
}

void add_bomb(List& list) {
    list.push_back({"a bomb of 1 GiB", false, true, false, [bytes = bomb()](Server& server) {
                        server.accept(agreement("permessage-deflate"));
                        server.send(bytes);
                    }});
}

// --- the opening ------------------------------------------------------------------------------------

void add_opening(List& list, const std::string& name, std::function<void(Server&)> act, bool draws = false) {
    list.push_back({name, true, true, draws, std::move(act)});
}

void answers(List& list, const std::string& name, const std::string& bytes) {
    add_opening(list, name, [bytes](Server& server) { server.send(bytes); });
}

const std::string switching = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";

void add_silences(List& list) {
    add_opening(list, "it never answers", [](Server& server) { server.wait_for_close(30s); });
    add_opening(list, "it ends at once", [](Server& server) { server.end(); });
    add_opening(list, "it resets at once", [](Server& server) { server.reset(); });
    for (const std::size_t part : {1u, 12u, 40u, 120u}) {
        const std::string begin = switching.substr(0, part);
        add_opening(list, "it answers " + std::to_string(part) + " bytes and ends", [begin](Server& server) {
            server.send(begin);
            server.end();
        });
        add_opening(list, "it answers " + std::to_string(part) + " bytes and resets", [begin](Server& server) {
            server.send(begin);
            server.reset();
        });
        add_opening(list, "it answers " + std::to_string(part) + " bytes and is silent", [begin](Server& server) {
            server.send(begin);
            server.wait_for_close(30s);
        });
    }
    add_opening(list, "it answers a byte now and then", [](Server& server) {
        for (int i = 0; i < 300 && !server.wait_for_close(100ms); ++i) server.send("X");
    });
    add_opening(list, "100 Continue without end", [](Server& server) {
        server.flood("HTTP/1.1 100 Continue\r\n\r\n", 4 << 20, 10s);
    });
    add_opening(list, "a head without end", [](Server& server) {
        server.send(switching);
        server.flood("X-Header: value\r\n", 4 << 20, 10s);
    });
    add_opening(list, "a header line without end", [](Server& server) {
        server.send(switching + "X-Header: ");
        server.flood(std::string(1000, 'x'), 4 << 20, 10s);
    });
}

void add_refusals(List& list) {
    for (const char* status : {"000 ", "99 x", "999 x", "-1 x", "1e1 x", "abc x", "", "200 OK", "204 No Content", "302 Found",
                               "304 Not Modified", "400 Bad Request", "401 Unauthorized", "407 Proxy Authentication Required",
                               "418 I'm a teapot", "426 Upgrade Required", "429 Too Many Requests", "502 Bad Gateway"})
        answers(list, "status '"s + status + "'", "HTTP/1.1 "s + status + "\r\nContent-Length: 0\r\n\r\n");
    for (const char* header : {"Content-Length: -1", "Content-Length: 99999999999999999999", "Content-Length: 5\r\nContent-Length: 6",
                               "Transfer-Encoding: chunked", "Content-Encoding: gzip", "Location: ", "Location: /",
                               "Location: ws://127.0.0.1:1/", "Location: javascript:alert(1)", "Location: file:///etc/passwd",
                               "WWW-Authenticate: Basic realm=\"x\"", "Retry-After: 99999999999999999999",
                               "Set-Cookie: a=b; Path=/", "Connection: close"})
        answers(list, "a refusal with "s + header, "HTTP/1.1 302 Found\r\n"s + header + "\r\n\r\nfive!");
    add_opening(list, "a refusal with a body of 16 MiB", [](Server& server) {
        server.send("HTTP/1.1 404 Not Found\r\n\r\n");
        server.flood(std::string(65'536, 'x'), 16 << 20, 10s);
    });
    add_opening(list, "a refusal whose body never comes", [](Server& server) {
        server.send("HTTP/1.1 404 Not Found\r\nContent-Length: 10\r\n\r\n");
        server.wait_for_close(30s);
    });
    for (const std::string& other : {"SSH-2.0-OpenSSH_9.2\r\n"s, "220 mail.example ESMTP\r\n"s, "+OK POP3\r\n"s, "\x15\x03\x01\x00\x02\x02\x28"s,
                                     "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"s, std::string(500, '\0'), "\r\n\r\n\r\n\r\n"s, "HTTP/1.1\r\n\r\n"s,
                                     "HTTP/1.1 101 Switching Protocols\n\n"s, "ICY 200 OK\r\n\r\n"s, "\xef\xbb\xbfHTTP/1.1 101 x\r\n\r\n"s})
        answers(list, "another protocol: " + conformance::shown(conformance::Bytes{other}), other + "\r\n\r\n");
    for (unsigned seed = 0; seed < 10; ++seed) {
        std::mt19937 random{seed};
        std::string bytes(100 + random() % 4000, '\0');
        for (char& byte : bytes) byte = static_cast<char>(random());
        answers(list, "random bytes " + number(seed), bytes + "\r\n\r\n");
    }
}

void add_wrong_agreements(List& list) {
    for (const char* line : {"Sec-WebSocket-Protocol: nobody-asked", "Sec-WebSocket-Protocol: a, b", "Sec-WebSocket-Protocol:",
                             "Sec-WebSocket-Extensions: x-unknown", "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=99",
                             "Sec-WebSocket-Extensions: permessage-deflate, permessage-deflate",
                             "Sec-WebSocket-Extensions: permessage-deflate; x=y",
                             "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; server_no_context_takeover",
                             "Sec-WebSocket-Extensions: ;;;,,,", "Sec-WebSocket-Extensions: \"unclosed"})
        add_opening(list, "agrees on "s + line, [line](Server& server) { server.accept(line + "\r\n"s); });
}

// --- what draws ---------------------------------------------------------------------------------------

void add_drawings(List& list) {
    for (std::size_t i = 0; i < drawings().size(); ++i) {
        const std::string& nasty = drawings()[i];
        const auto draws = [&](const std::string& where, bool in_opening, std::function<void(Server&)> act) {
            list.push_back({"drawing " + number(i) + " in " + where, in_opening, in_opening, true, std::move(act)});
        };
        const auto opened = [&](const std::string& where, const std::string& bytes) {
            draws(where, false, [bytes](Server& server) {
                server.accept();
                server.send(bytes + encode(closing(1000), false));
            });
        };
        draws("a status line", true, [nasty](Server& server) { server.send("HTTP/1.1 404 " + nasty + "\r\n\r\n"); });
        draws("a refusal's body", true, [nasty](Server& server) {
            server.send("HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\n\r\n" + nasty + "\n" + nasty + "\n");
            server.end();
        });
        draws("a Location", true, [nasty](Server& server) {
            server.send("HTTP/1.1 302 Found\r\nLocation: ws://" + nasty + "/\r\n\r\n");
        });
        draws("a subprotocol", true, [nasty](Server& server) { server.accept("Sec-WebSocket-Protocol: " + nasty + "\r\n"); });
        draws("an extension", true, [nasty](Server& server) { server.accept("Sec-WebSocket-Extensions: " + nasty + "\r\n"); });
        opened("a text", encode(text(nasty), false));
        opened("a binary message", encode(binary(nasty), false));
        opened("a ping and a pong", encode(ping(nasty), false) + encode(pong(nasty), false));
        draws("a reason", false, [nasty](Server& server) {
            server.accept();
            server.send(closing(4000, nasty));
        });
        std::string quoted;  // as JSON can say it
        for (const char c : nasty) {
            char code[16];
            std::snprintf(code, sizeof code, "\\u%04x", static_cast<unsigned>(static_cast<unsigned char>(c)));
            quoted += static_cast<unsigned char>(c) < ' ' || c == 0x7F ? std::string{code} : std::string{c};
        }
        for (const char* form : {R"({"user":"$","text":"hi","time":"12:00"})", R"({"user":"ada","text":"$","time":"$","id":"1-1"})",
                                 R"({"error":"$"})", R"({"room":"$","users":["$"],"rooms":["$"],"id":"1-1"})",
                                 R"({"refused":"$","error":"$"})", R"({"user":"ada","text":"$","event":"joined"})"}) {
            std::string json = form;
            for (std::size_t at = 0; (at = json.find('$', at)) != std::string::npos; at += quoted.size())
                json.replace(at, 1, quoted);
            opened("JSON such as "s + form, encode(text(json), false));
        }
    }
}

// --- an open connection --------------------------------------------------------------------------------

void add_open(List& list, const std::string& name, bool breaks_rule, std::function<void(Server&)> act) {
    list.push_back({name, false, breaks_rule, false, [act = std::move(act)](Server& server) {
                        server.accept();
                        act(server);
                    }});
}

void add_ends(List& list) {
    const std::string message = encode(text(std::string(300, 'x')), false);
    for (const std::size_t part : {0u, 1u, 2u, 3u, 4u, 100u, 303u}) {
        const std::string begin = message.substr(0, part);
        add_open(list, "the end after " + std::to_string(part) + " bytes of a frame", false, [begin](Server& server) {
            server.send(begin);
            server.end();
        });
        add_open(list, "a reset after " + std::to_string(part) + " bytes of a frame", false, [begin](Server& server) {
            server.send(begin);
            server.reset();
        });
    }
    for (const unsigned code : {1000u, 1001u, 1002u, 1003u, 1007u, 1008u, 1009u, 1010u, 1011u, 1012u, 1013u, 1014u, 3000u, 4999u}) {
        add_open(list, "Close " + std::to_string(code) + ", and TCP stays open", false, [code](Server& server) {
            server.send(closing(code, "reason"));
            server.wait_for_close(30s);
        });
        add_open(list, "Close " + std::to_string(code) + ", and a reset", false, [code](Server& server) {
            server.send(closing(code));
            server.reset();
        });
    }
    add_open(list, "a Close, and messages for ever", false, [](Server& server) {
        server.send(closing(1000));
        server.flood(encode(text("too late"), false), 64 << 20, 8s);
    });
    add_open(list, "a Close, and no end for ten seconds", false, [](Server& server) {
        server.send(closing(1000));
        server.wait_for_close(1s);
        std::this_thread::sleep_for(10s);
    });
    add_open(list, "a Close with a reason of 123 bytes of escape codes", false, [](Server& server) {
        server.send(closing(1011, std::string(123, '\x1b')));
    });
}

void add_floods(List& list) {
    const auto many = [](const conformance::Frame& frame, int count) {
        std::string bytes;
        for (int i = 0; i < count; ++i) bytes += encode(frame, false);
        return bytes;
    };
    add_open(list, "20,000 pings", false, [=](Server& server) { server.send(many(ping("are you there?"), 20'000)); });
    add_open(list, "20,000 pongs nobody asked for", false, [=](Server& server) { server.send(many(pong("unasked"), 20'000)); });
    add_open(list, "20,000 tiny messages", false, [=](Server& server) { server.send(many(text("x"), 20'000)); });
    add_open(list, "20,000 empty messages", false, [=](Server& server) { server.send(many(binary(""), 20'000)); });
    add_open(list, "200,000 empty fragments", true, [=](Server& server) {
        server.send(unfinished(text("")));
        server.send(many(unfinished(cont("")), 200'000));
    });
    add_open(list, "200,000 fragments of a byte", true, [=](Server& server) {
        server.send(unfinished(binary("x")));
        server.send(many(unfinished(cont("x")), 200'000));
    });
    add_open(list, "a line of 4 MiB", false, [](Server& server) { server.send(text(std::string(4 << 20, 'x'))); });
    add_open(list, "4 MiB of line feeds", false, [](Server& server) { server.send(text(std::string(1 << 20, '\n'))); });
    add_open(list, "2^62 bytes are announced", true, [](Server& server) {
        conformance::Frame frame = binary("a beginning");
        frame.announced = std::uint64_t{1} << 62;
        server.send(frame);
    });
    for (const char* lengths : {"7f ff ff ff ff ff ff ff", "80 00 00 00 00 00 00 00", "ff ff ff ff ff ff ff ff", "ff ff ff ff ff ff ff fb"})
        add_open(list, "a fragment, and then "s + lengths, true, [lengths](Server& server) {
            server.send(unfinished(binary("hello")));
            server.send(conformance::from_hex("00 7f "s + lengths));
        });
}

void add_random(List& list) {
    const std::string right = encode(text("one"), false) + encode(ping("two"), false) + encode(unfinished(text("thr")), false) +
                              encode(cont("ee"), false) + encode(binary(std::string(200, 'x')), false) + encode(closing(1000, "bye"), false);
    for (unsigned seed = 0; seed < 40; ++seed)
        add_open(list, "right frames, spoilt " + number(seed), false, [right, seed](Server& server) {
            std::mt19937 random{seed};
            std::string bytes = right;
            const std::size_t flips = 1 + random() % 3;
            for (std::size_t i = 0; i < flips; ++i) {
                const std::size_t at = random() % bytes.size();
                bytes[at] = static_cast<char>(bytes[at] ^ (1 << random() % 8));
            }
            server.send(bytes);
        });
    for (unsigned seed = 0; seed < 20; ++seed)
        add_open(list, "random bytes " + number(seed) + " for frames", false, [seed](Server& server) {
            std::mt19937 random{seed};
            std::string bytes(1 + random() % 2000, '\0');
            for (char& byte : bytes) byte = static_cast<char>(random());
            server.send(bytes);
        });
}

// What makes no sense to an application, in the words of those there are.
void add_nonsense(List& list) {
    const std::string deep(20'000, '[');
    for (const std::string& said :
         {"{"s, "[]"s, "null"s, "1e999"s, "\"text\""s, "{}"s, deep, R"({"user":1,"text":2,"time":3})"s, R"({"error":""})"s,
          R"({"error":{}})"s, R"({"users":1,"rooms":1,"room":1})"s, R"({"users":[1,null,{}],"rooms":[[]],"room":"x","id":"1-1"})"s,
          R"({"text":"nobody said it"})"s, R"({"accepted":"unknown","id":"x"})"s, R"({"accepted":"unknown"})"s,
          R"({"refused":"unknown"})"s, R"({"refused":"unknown","unknown":true})"s, R"({"missed":-1})"s,
          R"({"missed":1e300})"s, R"({"missed":"many"})"s, R"({"store":"away"})"s, R"({"store":7})"s,
          R"({"id":"999999999999999999999-9","users":[]})"s, R"({"user":"ada","user":"bob","text":"twice"})"s,
          "loop 0 of 0"s, "loop 1 of 4000000000"s, "loop 4294967295 of 4294967295"s, "loop -1 of -1"s, "loop 1 of 1 of 1"s,
          "loop 99999999999999999999 of 2"s, "0 bytes, SHA-1 "s, std::string(200, '9') + " bytes"s, std::string(5'000, 'a')})
        add_open(list, "a text that makes no sense: " + said.substr(0, 40), false, [said](Server& server) {
            for (int i = 0; i < 3; ++i) server.send(text(said));
        });
    add_open(list, "every message is sent back, but changed", false, [](Server& server) {
        for (int i = 0; i < 50; ++i) server.send(text("round " + std::to_string(i) + ", client 7"));
    });
}

}  // namespace

const std::vector<std::string>& drawings() {
    const std::string m{mark};
    static const std::vector<std::string> all{
        "\x1b]0;" + m + "\x07",      "\x1b[2J\x1b[H" + m,      "\x1b[31m" + m,   "\xc2\x9b" "31m" + m,
        "\xe2\x80\xae" + m,          "\x08\x08\x08" + m,       "\x7f" + m,       "\x1bP$q" + m + "\x1b\\",
        "\x1b[6n" + m,               "\x1b[?1049h" + m,        "\x05" + m,       "\xe2\x80\xa8" + m,
        "\x0e" + m,                  "\x1b_" + m + "\x1b\\",   "\x0d" + m,       "\xc2\x85" + m};
    return all;
}

std::vector<Misbehaviour> misbehaviours() {
    List list;
    for (const auto add : {add_cases, add_bomb, add_silences, add_refusals, add_wrong_agreements, add_drawings, add_ends, add_floods,
                           add_random, add_nonsense})
        add(list);
    return list;
}

}  // namespace hostile
