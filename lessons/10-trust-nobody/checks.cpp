// The judge of lesson 10: which page, which user, which address, then the server at its door.
// RFC 6455 §4.2.2, §10.2, §10.5, RFC 6454, RFC 7617, RFC 6265.
// Most of it calls the functions; names, secrets and hosts come from the seed.
#include <algorithm>
#include <ctime>

#include "endpoint/admission.hpp"
#include "lessons/tools/check/check.hpp"
#include "net/forwarded.hpp"
#include "net/parse_ip.hpp"
#include "ws/credentials.hpp"
#include "ws/origin.hpp"

namespace {

using check::Run;
using ws::Errc;

const check::Lesson lesson{10, "10-trust-nobody"};

std::string name_of(Errc errc) {
    if (errc == Errc::none) return "Errc::none (let in)";
    return "Errc::" + std::string{ws::rule(errc).name} + " (" +
           std::to_string(ws::rule(errc).http_status) + ")";
}

// A request with these header lines, read; its views point into its own text.
struct Asked {
    Asked(Run& run, const std::string& headers) : text{"GET /ws HTTP/1.1\r\n" + headers + "\r\n"} {
        run.is_true(request.parse(text) == Errc::none, "the check's own request cannot be read");
    }
    Asked(const Asked&) = delete;
    Asked& operator=(const Asked&) = delete;

    std::string text;
    ws::Request request;
};

// --- exercise 2: comparing a secret -------------------------------------------------------------

// Both in memory of just their size: whoever reads beyond an end is found out.
bool compare(std::string_view given, std::string_view secret) {
    const std::vector<char> a(given.begin(), given.end()), b(secret.begin(), secret.end());
    return ws::equal_in_constant_time({a.data(), a.size()}, {b.data(), b.size()});
}

void expect_equal(Run& run, const std::string& given, const std::string& secret, bool expected,
                  std::string_view why) {
    const std::string call =
        "equal_in_constant_time(" + check::quote(given, 40) + ", " + check::quote(secret, 40) + ")";
    run.step(call);
    run.equal("the answer", compare(given, secret), expected, why);
}

const check::Scenario equal{
    {.lesson = 10,
     .name = "equal",
     .exercise = 2,
     .rule = "a secret is right when each of its bytes is",
     .section = "RFC 6455 §10.5"},
    [](Run& run) {
        const std::string secret = run.payload(run.number(18, 24));
        expect_equal(run, secret, secret, true, "the two are the same");
        expect_equal(run, "x", "x", true, "the two are the same");
        for (std::size_t i = 0; i < secret.size(); ++i) {
            std::string wrong = secret;
            wrong[i] = static_cast<char>(wrong[i] ^ 1);
            expect_equal(run, wrong, secret, false,
                         "byte " + std::to_string(i) + " of " + std::to_string(secret.size()) +
                             " differs: one difference is enough, wherever it is, and what "
                             "follows must not make up for it");
        }
        std::string high = secret;
        high[3] = static_cast<char>(high[3] ^ 0x80);
        expect_equal(run, high, secret, false, "byte 3 differs in its highest bit");
    }};

const check::Scenario not_a_prefix{
    {.lesson = 10,
     .name = "not-a-prefix",
     .exercise = 2,
     .rule = "the beginning of a secret is not the secret, nor is more than it",
     .section = "RFC 6455 §10.5"},
    [](Run& run) {
        const std::string secret = run.payload(20);
        for (const std::size_t size : {std::size_t{0}, std::size_t{1}, secret.size() - 1})
            expect_equal(run, secret.substr(0, size), secret, false,
                         "these are only the first " + std::to_string(size) + " of " +
                             std::to_string(secret.size()) +
                             " bytes. Whoever may stop after byte n needs to guess only n bytes, "
                             "and with none at all everybody is let in");
        const std::string_view longer = "the given text has more bytes than the secret";
        expect_equal(run, secret + "x", secret, false, longer);
        expect_equal(run, secret + secret, secret, false, longer);
    }};

// Processor time of one comparison in microseconds, the shortest of several: others use this
// machine too.
double time_of(const std::vector<char>& given, const std::vector<char>& secret) {
    const auto now = [] {
        timespec time{};
        ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
        return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
    };
    double best = 1e9;
    for (int i = 0; i < 5; ++i) {
        const double begin = now();
        (void)ws::equal_in_constant_time({given.data(), given.size()},
                                         {secret.data(), secret.size()});
        best = std::min(best, now() - begin);
    }
    return best;
}

const check::Scenario every_byte{
    {.lesson = 10,
     .name = "every-byte",
     .exercise = 2,
     .rule = "a wrong secret costs the same time wherever it is wrong",
     .section = "RFC 6455 §10.5"},
    [](Run& run) {
        // A long one, so that the clock is coarse enough to be honest.
        const std::string text = run.repeated(std::size_t{8} << 20);
        const std::vector<char> secret(text.begin(), text.end());
        std::vector<char> early(secret), late(secret);
        early.front() = '#';
        late.back() = '#';
        run.step("equal_in_constant_time(), 8 MiB that are wrong in the first byte");
        const double first = time_of(early, secret);
        run.step("equal_in_constant_time(), 8 MiB that are wrong in the last byte");
        const double last = time_of(late, secret);
        run.is_true(last < 2 * first + 10,
                    "wrong in the first byte: " + std::to_string(static_cast<long>(first)) +
                        " µs; wrong in the last: " + std::to_string(static_cast<long>(last)) +
                        " µs. The comparison ends at the first difference (== does that too), so "
                        "the time tells how many bytes were guessed rightly");
    }};

// --- exercise 3: which page ---------------------------------------------------------------------

struct Page {
    std::string host;                  // that it asks
    std::vector<std::string> origins;  // its Origin lines
    bool allowed;
    std::string why;
    std::vector<ws::Origin> list{};
};

void expect_page(Run& run, const Page& page) {
    std::string headers = "Host: " + page.host + "\r\n";
    std::string shown = "Host: " + page.host;
    for (const std::string& origin : page.origins) {
        headers += "Origin: " + origin + "\r\n";
        shown += " | Origin: " + origin;
    }
    if (page.origins.empty()) shown += " | no Origin";
    std::string list;
    for (const ws::Origin& origin : page.list)
        list += (list.empty() ? "" : ", ") + origin.scheme + "://" + origin.host + ':' +
                std::to_string(origin.port);
    const Asked asked{run, headers};
    run.step("check_origin(" + shown + (list.empty() ? "" : " | allowed: " + list) + ")");
    const Errc errc = ws::check_origin(asked.request, page.list);
    run.equal("the answer", name_of(errc),
              name_of(page.allowed ? Errc::none : Errc::forbidden_origin), page.why);
}

const check::Scenario origin_none{
    {.lesson = 10,
     .name = "origin-none",
     .exercise = 3,
     .rule = "who sends no Origin is no browser, and is let in",
     .section = "RFC 6455 §10.2"},
    [](Run& run) {
        const std::string host = run.payload(6) + ".example";
        const std::string why =
            "only browsers send an Origin, and they always do: here no page can be at work. A "
            "program may say what it likes anyway, so for it there are credentials";
        expect_page(run, {host, {}, true, why});
        expect_page(run, {host, {}, true, why, {{"https", host, 443}}});
    }};

const check::Scenario origin_same_host{
    {.lesson = 10,
     .name = "origin-same-host",
     .exercise = 3,
     .rule = "without a list, a page may ask the host that it came from",
     .section = "RFC 6455 §10.2"},
    [](Run& run) {
        const std::string host = run.payload(6) + ".example";
        const std::string stranger = run.payload(7) + ".test";
        const std::string own = "the page came from the very host that it asks";
        expect_page(run, {host, {"http://" + host}, true, own});
        expect_page(run, {host + ":8080", {"http://" + host + ":8080"}, true, own});
        expect_page(run, {host, {"https://" + host}, true,
                          own + ". TLS may end in front of us, so https is as good as http"});
        expect_page(run, {"WWW." + host, {"HTTP://www." + host}, true,
                          "scheme and host are compared without regard to case (RFC 6454 §4)"});
        const std::string foreign =
            "a page of another host may not connect: the browser would send the user's cookies "
            "along, and the page would act in the user's name";
        expect_page(run, {host, {"http://" + stranger}, false, foreign});
        expect_page(run, {"localhost:8080", {"http://127.0.0.1:8080"}, false,
                          "two names are two origins, even if they mean one machine"});
    }};

const check::Scenario origin_listed{
    {.lesson = 10,
     .name = "origin-listed",
     .exercise = 3,
     .rule = "a list of origins takes the place of the own host",
     .section = "RFC 6455 §10.2"},
    [](Run& run) {
        const std::string site = run.payload(6) + ".example";
        const std::string api = "api." + run.payload(5) + ".test";
        const std::vector<ws::Origin> list{{"https", site, 443}, {"http", "localhost", 8000}};
        const std::string listed = "this origin is on the list";
        expect_page(run, {api, {"https://" + site}, true, listed, list});
        expect_page(run, {api, {"HTTPS://" + site + ":443"}, true,
                          listed + ", written in another way", list});
        expect_page(run, {api, {"http://localhost:8000"}, true, listed, list});
        const std::string missing = "this origin is not on the list; ";
        expect_page(run, {api, {"https://" + api}, false,
                          missing + "with a list, the own host counts only when it is on it", list});
        expect_page(run, {api, {"http://" + site}, false, missing + "the scheme is another", list});
        expect_page(run, {api, {"https://" + site + ":8443"}, false,
                          missing + "the port is another", list});
    }};

const check::Scenario origin_lookalike{
    {.lesson = 10,
     .name = "origin-lookalike",
     .exercise = 3,
     .rule = "a host that begins or ends like ours is a stranger's",
     .section = "RFC 6454 §5"},
    [](Run& run) {
        const std::string host = run.payload(6) + ".example";
        const std::vector<ws::Origin> list{{"http", host, 80}};
        for (const std::vector<ws::Origin>& allowed : {std::vector<ws::Origin>{}, list}) {
            const auto refuse = [&](const std::string& origin, const std::string& why) {
                expect_page(run, {host, {origin}, false, why, allowed});
            };
            refuse("http://" + host + ".evil.test",
                   "it begins like ours, and belongs to evil.test: compare whole hosts");
            refuse("http://not" + host, "it ends like ours, and anybody can register it");
            refuse("http://sub." + host, "a subdomain is another origin (RFC 6454 §4)");
            refuse("http://evil.test/" + host, "our name stands in a path: an origin has none");
            refuse("http://" + host + "@evil.test",
                   "before the @ stands a user's name; the host is evil.test");
        }
        expect_page(run, {"www." + host, {"http://" + host}, false,
                          "our host ends like the page's, and is another: compare whole hosts"});
    }};

const check::Scenario origin_port{
    {.lesson = 10,
     .name = "origin-port",
     .exercise = 3,
     .rule = "a port that is left out is the scheme's: 80 or 443",
     .section = "RFC 6454 §4"},
    [](Run& run) {
        const std::string host = run.payload(6) + ".example";
        const std::string same = "80 is what http has anyway, and 443 https: written or not, it "
                                 "is one origin";
        expect_page(run, {host, {"http://" + host + ":80"}, true, same});
        expect_page(run, {host, {"https://" + host + ":443"}, true, same});
        expect_page(run, {host + ":443", {"https://" + host}, true, same});
        expect_page(run, {host + ":80", {"http://" + host}, true, same});
        const std::string ipv6 = "the colons in the brackets belong to the IPv6 address";
        expect_page(run, {"[::1]", {"https://[::1]:443"}, true, ipv6});
        expect_page(run, {"[::1]:8080", {"http://[::1]:8080"}, true, ipv6});
        const std::string other =
            "another port is another origin: another program, perhaps another user's";
        expect_page(run, {host + ":8080", {"http://" + host + ":8000"}, false, other});
        expect_page(run, {host + ":8080", {"http://" + host}, false, other});
        expect_page(run, {host + ":443", {"http://" + host}, false, other});
        expect_page(run, {"[::1]:8080", {"http://[::1]"}, false, other});
    }};

const check::Scenario origin_null{
    {.lesson = 10,
     .name = "origin-null",
     .exercise = 3,
     .rule = "null, nothing, and what is no web page are no origin of ours",
     .section = "RFC 6454 §7.1"},
    [](Run& run) {
        const std::string host = run.payload(6);
        expect_page(run, {host, {"null"}, false,
                          "a sandboxed page says null, and anybody can put one into a page"});
        expect_page(run, {"null", {"null"}, false, "null is no name of a host here"});
        expect_page(run, {host, {""}, false, "there is an Origin, and it names nobody"});
        expect_page(run, {host, {host}, false, "an origin begins with a scheme and ://"});
        expect_page(run, {host, {"ftp://" + host}, false,
                          "Host has no scheme; without a list only http and https can be meant"});
        expect_page(run, {host, {"chrome-extension://" + host}, false,
                          "an extension is no page of ours, though its name is that of our host"});
    }};

const check::Scenario origin_twice{
    {.lesson = 10,
     .name = "origin-twice",
     .exercise = 3,
     .rule = "two Origin headers are one too many, even if both are right",
     .section = "RFC 6454 §7.3"},
    [](Run& run) {
        const std::string host = run.payload(6) + ".example";
        const std::string own = "http://" + host;
        const std::string why = "a browser sends one. With two, somebody has added one, and which?";
        expect_page(run, {host, {own, own}, false, why});
        expect_page(run, {host, {own, "http://evil.test"}, false, why});
        expect_page(run, {host, {own, own}, false, why, {{"http", host, 80}}});
    }};

// --- exercise 4: which user ---------------------------------------------------------------------

std::string basic(const std::string& pair, const std::string& scheme = "Basic") {
    return "Authorization: " + scheme + ' ' + check::base64(check::bytes_of(pair)) + "\r\n";
}

// Three accounts with names and secrets from the seed; mallory's is blocked.
struct Users {
    explicit Users(Run& run)
        : list{{"alice", run.payload(12)},
               {"bob", run.payload(9) + ":" + run.payload(4) + ":" + run.payload(3)},
               {"mallory", run.payload(12), true},
               {"carol", run.payload(10) + "=="}} {}

    const ws::Account& alice() const { return list[0]; }
    const ws::Account& bob() const { return list[1]; }
    const ws::Account& mallory() const { return list[2]; }
    const ws::Account& carol() const { return list[3]; }

    std::vector<ws::Account> list;
};

void expect_user(Run& run, const Users& users, const std::string& headers, Errc expected,
                 const std::string& name, std::string_view why) {
    const Asked asked{run, "Host: a.example\r\n" + headers};
    std::string shown = headers.empty() ? "no credentials" : headers.substr(0, headers.size() - 2);
    for (std::size_t at; (at = shown.find("\r\n")) != std::string::npos;)
        shown.replace(at, 2, " | ");
    const std::size_t token = headers.find("Basic ");
    run.step("authenticate(" + shown + ")" +
             (token == std::string::npos ? "" : "   // Basic is base64 of NAME:SECRET"));
    std::string who = "somebody";
    const Errc errc = ws::authenticate(asked.request, users.list, who);
    run.equal("the answer", name_of(errc), name_of(expected), why);
    run.equal("the name", who, name,
              name.empty() ? "who is not let in, or was not asked, has no name" : why);
}

const check::Scenario basic_pair{
    {.lesson = 10,
     .name = "basic",
     .exercise = 4,
     .rule = "Basic is base64 of the name, a colon, and the password",
     .section = "RFC 7617 §2"},
    [](Run& run) {
        const Users users{run};
        const ws::Account &alice = users.alice(), &carol = users.carol();
        expect_user(run, users, basic("alice:" + alice.secret), Errc::none, "alice",
                    "alice with her password");
        expect_user(run, users, basic("carol:" + carol.secret), Errc::none, "carol",
                    "carol with her password, the last one of the list");
        expect_user(run, users, basic("alice:" + alice.secret, "bAsIc"), Errc::none, "alice",
                    "the scheme is compared without regard to case");
        expect_user(run, users, basic("carol:" + alice.secret), Errc::unauthorized, "",
                    "it is alice's password, and not carol's: name and secret belong together");
        expect_user(run, users, basic("alice:"), Errc::unauthorized, "",
                    "the password is empty, and alice's is not");
        expect_user(run, users, basic("alice"), Errc::unauthorized, "", "there is no colon");
        expect_user(run, users, basic(alice.secret), Errc::unauthorized, "",
                    "there is no colon, so there is no name");
        expect_user(run, users, "Authorization: Basic alice:" + alice.secret + "\r\n",
                    Errc::unauthorized, "", "this is not base64");
    }};

const check::Scenario basic_colon{
    {.lesson = 10,
     .name = "basic-colon",
     .exercise = 4,
     .rule = "the first colon ends the name; a password may hold further ones",
     .section = "RFC 7617 §2"},
    [](Run& run) {
        const Users users{run};
        expect_user(run, users, basic("bob:" + users.bob().secret), Errc::none, "bob",
                    "bob's password is " + users.bob().secret +
                        ": the name ends at the first colon, the rest is the password");
    }};

const check::Scenario bearer{
    {.lesson = 10,
     .name = "bearer",
     .exercise = 4,
     .rule = "Bearer shows the secret alone; it says whose it is",
     .section = "RFC 6750 §2.1"},
    [](Run& run) {
        const Users users{run};
        const auto header = [](const std::string& token) {
            return "Authorization: Bearer " + token + "\r\n";
        };
        for (const ws::Account& account : {users.alice(), users.bob(), users.carol()})
            expect_user(run, users, header(account.secret), Errc::none, account.name,
                        "no name is presented, so the secret decides; all accounts are compared");
        expect_user(run, users, header(users.alice().secret + "x"), Errc::unauthorized, "",
                    "nobody has this secret");
        expect_user(run, users, "Authorization: Digest " + users.alice().secret + "\r\n",
                    Errc::unauthorized, "", "a scheme that we do not know");
    }};

const check::Scenario cookie{
    {.lesson = 10,
     .name = "cookie",
     .exercise = 4,
     .rule = "a browser cannot set Authorization: its secret comes in the cookie",
     .section = "RFC 6265 §4.2.1, RFC 6455 §10.5"},
    [](Run& run) {
        const Users users{run};
        const std::string& secret = users.alice().secret;
        const std::string why =
            "the cookie \"session\" holds alice's secret, and there is no Authorization header: "
            "new WebSocket(url) cannot send one";
        expect_user(run, users, "Cookie: session=" + secret + "\r\n", Errc::none, "alice", why);
        expect_user(run, users, "Cookie: theme=dark; session=" + secret + "; a=b\r\n", Errc::none,
                    "alice", why);
        expect_user(run, users, "Cookie: session=" + users.carol().secret + "\r\n", Errc::none,
                    "carol", "only the first = ends the cookie's name; others are its value");
        expect_user(run, users, "Cookie: session=" + secret + "x\r\n", Errc::unauthorized, "",
                    "nobody has this secret");
        expect_user(run, users, "Cookie: session=\r\n", Errc::unauthorized, "",
                    "an empty cookie is nobody's secret");
    }};

const check::Scenario cookie_name{
    {.lesson = 10,
     .name = "cookie-name",
     .exercise = 4,
     .rule = "a cookie's name is all of what stands before the =",
     .section = "RFC 6265 §4.2.1"},
    [](Run& run) {
        const Users users{run};
        const std::string& secret = users.alice().secret;
        for (const char* name : {"session2", "session-old", "xsession", "Session", "sess"})
            expect_user(run, users, "Cookie: " + std::string{name} + '=' + secret + "\r\n",
                        Errc::unauthorized, "",
                        std::string{name} + " is another cookie than session");
        expect_user(run, users, "Cookie: session2=old; session=" + secret + "\r\n", Errc::none,
                    "alice", "session2 is another cookie, and session is there once");
        const std::string twice =
            "the cookie is there twice: a neighbouring host may have set one of them, and which "
            "one cannot be told";
        expect_user(run, users, "Cookie: session=" + secret + "; session=" + secret + "\r\n",
                    Errc::unauthorized, "", twice);
        expect_user(run, users, "Cookie: session=x; session=" + secret + "\r\n",
                    Errc::unauthorized, "", twice);
        expect_user(run, users, "Cookie: session=" + secret + "\r\nCookie: session=x\r\n",
                    Errc::unauthorized, "", twice);
    }};

const check::Scenario two_headers{
    {.lesson = 10,
     .name = "two-headers",
     .exercise = 4,
     .rule = "two Authorization headers are none, and one decides over a cookie",
     .section = "RFC 9110 §11.6.2"},
    [](Run& run) {
        const Users users{run};
        const std::string right = "Authorization: Bearer " + users.alice().secret + "\r\n";
        const std::string wrong = "Authorization: Bearer x\r\n";
        const std::string session = "Cookie: session=" + users.alice().secret + "\r\n";
        const std::string why = "two headers say two things; whoever picks one of them may pick "
                                "another than the proxy in front that has checked it";
        expect_user(run, users, right + wrong, Errc::unauthorized, "", why);
        expect_user(run, users, right + right, Errc::unauthorized, "", why);
        expect_user(run, users, right + right + session, Errc::unauthorized, "", why);
        expect_user(run, users, wrong + session, Errc::unauthorized, "",
                    "the header is wrong, and it decides: whoever sends one means it");
        expect_user(run, users, right + "Cookie: session=x\r\n", Errc::none, "alice",
                    "the header is right, and it decides");
    }};

const check::Scenario unknown{
    {.lesson = 10,
     .name = "unknown",
     .exercise = 4,
     .rule = "who shows nothing, or nothing that fits, is asked to log in: 401",
     .section = "RFC 9110 §15.5.2"},
    [](Run& run) {
        const Users users{run};
        expect_user(run, users, "", Errc::unauthorized, "",
                    "nothing was presented, and there are accounts");
        expect_user(run, users, basic("eve:" + run.payload(8)), Errc::unauthorized, "",
                    "nobody has this name");
        expect_user(run, users, "Authorization: Bearer " + run.payload(8) + "\r\n",
                    Errc::unauthorized, "", "nobody has this secret");
    }};

const check::Scenario blocked{
    {.lesson = 10,
     .name = "blocked",
     .exercise = 4,
     .rule = "whom we know, and do not want, gets 403",
     .section = "RFC 9110 §15.5.4"},
    [](Run& run) {
        const Users users{run};
        const std::string known =
            "we know who it is, and the answer is no. 401 would say: log in, and try again";
        expect_user(run, users, basic("mallory:" + users.mallory().secret), Errc::forbidden, "",
                    known);
        expect_user(run, users, "Authorization: Bearer " + users.mallory().secret + "\r\n",
                    Errc::forbidden, "", known);
        expect_user(run, users, basic("mallory:guess"), Errc::unauthorized, "",
                    "the password is wrong: to 403 a stranger would tell him that the name exists");
    }};

// --- exercise 5: which address ------------------------------------------------------------------

net::Address address(const std::string& text) { return net::parse_ip(text).value(); }

std::string joined(const std::vector<std::string>& texts) {
    std::string result;
    for (const std::string& text : texts) result += (result.empty() ? "" : ", ") + text;
    return result;
}

// The proxies are 10.0.0.1, 10.0.0.2 and fd00::1.
void expect_client(Run& run, const std::string& peer, const std::vector<std::string>& list,
                   const std::string& expected, std::string_view why) {
    const decltype(endpoint::Admission::proxies) proxies{address("10.0.0.1"), address("10.0.0.2"),
                                                         address("fd00::1")};
    const std::vector<std::string_view> views(list.begin(), list.end());
    run.step("believed_client(" + peer + ", X-Forwarded-For: " + joined(list) +
             ")   // proxies: 10.0.0.1, 10.0.0.2, fd00::1");
    run.equal("the client", net::believed_client(address(peer), views, proxies).ip(), expected,
              why);
}

std::string some_address(Run& run) {
    return "198.51.100." + std::to_string(run.number(1, 250));
}

const check::Scenario no_proxy{
    {.lesson = 10,
     .name = "no-proxy",
     .exercise = 5,
     .rule = "from anybody else than a proxy of ours the header says nothing",
     .section = "RFC 7239 §8.1"},
    [](Run& run) {
        const std::string client = some_address(run);
        const std::string why = "the caller is no proxy of ours. Anybody can write such a header, "
                                "and would choose an address that has no limit yet";
        expect_client(run, client, {"203.0.113.7"}, client, why);
        expect_client(run, client, {"203.0.113.7", "10.0.0.1"}, client, why);
        expect_client(run, client, {}, client, "there is no header at all");
    }};

const check::Scenario one_proxy{
    {.lesson = 10,
     .name = "one-proxy",
     .exercise = 5,
     .rule = "behind a proxy of ours the client is whom that proxy names",
     .section = "RFC 7239 §8.1"},
    [](Run& run) {
        const std::string client = some_address(run);
        const std::string why = "the proxy has written for whom it speaks. Taken by the proxy's "
                                "own address, all its clients would be one";
        expect_client(run, "10.0.0.1", {client}, client, why);
        expect_client(run, "fd00::1", {client}, client, why);
        expect_client(run, "10.0.0.2", {"2001:db8::7"}, "2001:db8::7", why);
        expect_client(run, "10.0.0.1", {}, "10.0.0.1",
                      "the proxy names nobody: then it has come by itself");
    }};

const check::Scenario forged{
    {.lesson = 10,
     .name = "forged",
     .exercise = 5,
     .rule = "a proxy writes at the end; what stands before may be invented",
     .section = "RFC 7239 §8.1"},
    [](Run& run) {
        const std::string client = some_address(run);
        const std::string why =
            "only the last entry was written by our proxy. The one before was sent by " + client +
            ", who can write there what it likes";
        expect_client(run, "10.0.0.1", {"203.0.113.7", client}, client, why);
        expect_client(run, "10.0.0.1", {"10.0.0.2", client}, client, why);
        expect_client(run, "10.0.0.1", {"203.0.113.7", "10.0.0.2", "127.0.0.1", client}, client,
                      why);
    }};

const check::Scenario two_proxies{
    {.lesson = 10,
     .name = "two-proxies",
     .exercise = 5,
     .rule = "behind two proxies of ours the walk goes on, one entry for each",
     .section = "RFC 7239 §8.1"},
    [](Run& run) {
        const std::string client = some_address(run);
        const std::string why = "10.0.0.1 says that 10.0.0.2 called it; that is ours too, so the "
                                "entry before is believed, and no further";
        expect_client(run, "10.0.0.1", {client, "10.0.0.2"}, client, why);
        expect_client(run, "10.0.0.1", {"203.0.113.7", client, "10.0.0.2"}, client, why);
        expect_client(run, "10.0.0.1", {"203.0.113.7", client, "fd00::1", "10.0.0.2"}, client, why);
        expect_client(run, "10.0.0.1", {"10.0.0.2"}, "10.0.0.2",
                      "the list ends at a proxy: then it has come by itself");
    }};

const check::Scenario garbage{
    {.lesson = 10,
     .name = "garbage",
     .exercise = 5,
     .rule = "what is no address ends the walk: nothing before it is believed",
     .section = "RFC 7239 §8.1"},
    [](Run& run) {
        const std::string client = some_address(run);
        for (const char* entry : {"unknown", "localhost", "198.51.100.300", "198.51.100.7:http"}) {
            const std::string why = std::string{entry} +
                                    " is no address, so nobody we trust has vouched for what "
                                    "stands before it; it stays with the proxy that passed it on";
            expect_client(run, "10.0.0.1", {client, entry}, "10.0.0.1", why);
            expect_client(run, "10.0.0.1", {client, entry, "10.0.0.2"}, "10.0.0.2", why);
        }
        expect_client(run, "10.0.0.1", {"unknown", client}, client,
                      "the last entry is an address, and what stands before does not matter");
        expect_client(run, "10.0.0.1", {client + ":5678"}, client,
                      "some proxies write a port behind the address; it is left out");
    }};

// --- the server at its door ---------------------------------------------------------------------

void ask(check::Peer& client, const std::string& headers) {
    client.send("GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                "Sec-WebSocket-Version: 13\r\n" +
                headers + "\r\n");
}

void expect_refused(Run& run, check::Server& server, const std::string& headers, int status,
                    std::string_view why) {
    check::Peer client{run, server};
    ask(client, headers);
    client.expect_status(status, why);
}

const check::Scenario page_refused{
    {.lesson = 10,
     .name = "page-refused",
     .exercise = 3,
     .rule = "a foreign page gets 403, before the first frame",
     .section = "RFC 6455 §4.2.2, §10.2",
     .needs = {3},
     .cuts = {check::Cut::whole}},
    [](Run& run) {
        check::Server server{run};
        expect_refused(run, server, "Origin: https://evil.example\r\n", 403,
                       "the page is evil.example's, and it asks localhost");
        for (const char* own : {"Origin: http://localhost\r\n", ""}) {
            check::Peer client{run, server};
            ask(client, own);
            client.expect_status(101, *own != '\0' ? "the page is our own" : "no page, no Origin");
        }
    }};

const check::Scenario login{
    {.lesson = 10,
     .name = "login",
     .exercise = 4,
     .rule = "a user gets in by name, a stranger 401, a blocked one 403",
     .section = "RFC 6455 §4.2.2, §10.5",
     .needs = {2, 4},
     .cuts = {check::Cut::whole}},
    [](Run& run) {
        check::Server server{run, {"--users", "lessons/10-trust-nobody/users.txt"}};
        check::Peer stranger{run, server};
        ask(stranger, "");
        const check::Head head = stranger.expect_status(401, "no credentials were presented");
        run.is_true(head.count("WWW-Authenticate") > 0,
                    "401 has to say how one can log in: a WWW-Authenticate header (RFC 9110 "
                    "§15.5.2)");
        expect_refused(run, server, basic("mallory:let-me-in"), 403, "mallory is blocked");
        for (const std::string& headers :
             {basic("alice:open-sesame"), std::string{"Cookie: session=open-sesame\r\n"}}) {
            check::Peer alice{run, server};
            alice.open("/ws", headers);
            alice.expect(check::text("Hello alice! Your IP is 127.0.0.1"));
        }
    }};

const check::Scenario behind_proxy{
    {.lesson = 10,
     .name = "behind-proxy",
     .exercise = 5,
     .rule = "who comes through a proxy is counted by its own address",
     .section = "RFC 6455 §10.1",
     .needs = {5},
     .cuts = {check::Cut::whole}},
    [](Run& run) {
        check::Server server{
            run, {"--trusted-proxy", "127.0.0.1", "--max-connections-per-address", "1"}};
        const std::string header = "X-Forwarded-For: 203.0.113.7, ";
        check::Peer first{run, server}, second{run, server};
        first.open("/ws", header + "198.51.100.1\r\n");
        first.expect(check::text("Hello! Your IP is 198.51.100.1"));
        second.open("/ws", header + "198.51.100.2\r\n");
        second.expect(check::text("Hello! Your IP is 198.51.100.2"));
        expect_refused(run, server, "X-Forwarded-For: 203.0.113.8, 198.51.100.1\r\n", 429,
                       "198.51.100.1 has its one connection, whatever it writes before its own "
                       "address");
    }};

// --- exercise 6: a server of one's own ----------------------------------------------------------

const check::Scenario places{
    {.lesson = 10,
     .name = "places",
     .exercise = 6,
     .rule = "beyond the limits: 503 when all places are taken, 429 for one address",
     .section = "RFC 6455 §4.1, RFC 6585 §4",
     .cuts = {check::Cut::whole}},
    [](Run& run) {
        check::Server small{run, {"--max-connections", "1"}};
        check::Peer only{run, small};
        only.open();
        expect_refused(run, small, "", 503,
                       "--max-connections 1, and one is there. A limit that is not kept is found "
                       "out when memory or descriptors are");
        check::Server fair{run, {"--max-connections-per-address", "1"}};
        check::Peer one{run, fair};
        one.open();
        expect_refused(run, fair, "", 429,
                       "--max-connections-per-address 1, and 127.0.0.1 has one already");
    }};

const check::Scenario subprotocol{
    {.lesson = 10,
     .name = "subprotocol",
     .exercise = 6,
     .rule = "a subprotocol is answered when both speak it, and not at all otherwise",
     .section = "RFC 6455 §4.2.2, §11.3.4",
     .cuts = {check::Cut::whole}},
    [](Run& run) {
        check::Server server{run, {"--subprotocol", "superchat"}};
        constexpr auto name = "Sec-WebSocket-Protocol";
        const auto answer = [&](check::Peer& client, const std::string& headers) {
            ask(client, headers);
            return client.expect_status(101, "the request is right; a subprotocol that nobody "
                                             "speaks is no reason to refuse");
        };
        check::Peer both{run, server}, other{run, server}, none{run, server};
        both.expect_header(answer(both, "Sec-WebSocket-Protocol: chat, superchat\r\n"), name,
                           "superchat",
                           "it is the one of the two that this server speaks. A browser drops a "
                           "connection whose answer names another");
        const std::string why = "No header says \"none\". A browser drops a connection whose "
                                "answer names what was not offered, and an empty name is no name";
        other.expect_no_header(answer(other, "Sec-WebSocket-Protocol: chat\r\n"), name, why);
        none.expect_no_header(answer(none, ""), name, why);
    }};

}  // namespace
