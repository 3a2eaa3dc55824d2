// The judge of lesson 10, exercises 2 to 4: a secret, which page, which user. Functions alone; names,
// secrets and hosts come from the seed. RFC 6455 §10.2, §10.5, RFC 6454, RFC 7617, RFC 6265.
// Addresses and the server at its door: checks_door.cpp.
#include "lessons/tools/check/check.hpp"

namespace check {

namespace {

// --- exercise 2: comparing a secret -------------------------------------------------------------

void expect_equal(Run& run, const std::string& given, const std::string& secret, bool expected,
                  std::string_view why) {
    expect_call(run, Call{"equal_in_constant_time", given, secret}, expected, why);
}

const Scenario equal{"equal", exercise(2), "RFC 6455 §10.5", "a secret is right when each of its bytes is",
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

const Scenario not_a_prefix{"not-a-prefix", exercise(2), "RFC 6455 §10.5",
    "the beginning of a secret is not the secret, nor is more than it", [](Run& run) {
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

// A processor's time for so many comparisons of a secret with one that is wrong in this byte.
Milliseconds time_of_comparing(Run& run, int times, const std::string& secret, std::size_t wrong_at,
                               std::string_view where) {
    run.call(Call{"secrets", secret, wrong_at}.as("a secret of 8 MiB, and one that is wrong in its " +
                                                  std::string{where} + " byte"));
    // Its answer tells that nothing of the call before is left to be done.
    run.call(Call{"compare_them", 1}.as("equal_in_constant_time(), once"));
    const Milliseconds before = run.students_process().cpu_time();
    run.call(Call{"compare_them", times}.as("equal_in_constant_time(), " + std::to_string(times) + " times"));
    return run.students_process().cpu_time() - before;
}

const Scenario every_byte{"every-byte", exercise(2), "RFC 6455 §10.5",
    "a wrong secret costs the same time wherever it is wrong", [](Run& run) {
    // A long one, and a few times. What takes so little that a clock hardly shows it, more often.
    const std::string secret = run.repeated(std::size_t{8} << 20);
    int times = 2;
    Milliseconds first = time_of_comparing(run, times, secret, 0, "first");
    if (first < Milliseconds{20}) {
        times = 128;
        first = time_of_comparing(run, times, secret, 0, "first");
    }
    const Milliseconds last = time_of_comparing(run, times, secret, secret.size() - 1, "last");
    run.is_true(last < 2 * first + Milliseconds{2},
                "wrong in the first byte: " + std::to_string(first.count()) +
                    " ms; wrong in the last: " + std::to_string(last.count()) +
                    " ms. The comparison ends at the first difference (== does that too), so the time tells "
                    "how many bytes were guessed rightly");
}};

// --- exercise 3: which page ---------------------------------------------------------------------

// Scheme, host, port: as ws::Origin.
using Origin = std::tuple<std::string, std::string, std::uint16_t>;

struct Page {
    std::string host;                  // that it asks
    std::vector<std::string> origins;  // its Origin lines
    bool allowed;
    std::string why;
    std::vector<Origin> list{};
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
    for (const auto& [scheme, host, port] : page.list)
        list += (list.empty() ? "" : ", ") + scheme + "://" + host + ':' + std::to_string(port);
    expect_errc(run,
                Call{"check_origin", headers, page.list}.as("check_origin(" + shown + ')' +
                    (list.empty() ? "" : "   // allowed: " + list)),
                page.allowed ? "none" : "forbidden_origin", page.why);
}

const Scenario origin_none{"origin-none", exercise(3), "RFC 6455 §10.2",
    "whoever sends no Origin is no browser, and is let in", [](Run& run) {
    const std::string host = run.payload(6) + ".example";
    const std::string why =
        "only browsers send an Origin, and they always do: here no page can be at work. A "
        "program may say what it likes anyway, so for it there are credentials";
    expect_page(run, {host, {}, true, why});
    expect_page(run, {host, {}, true, why, {{"https", host, 443}}});
}};

const Scenario origin_same_host{"origin-same-host", exercise(3), "RFC 6455 §10.2",
    "without a list, a page may ask the host that it came from", [](Run& run) {
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

const Scenario origin_listed{"origin-listed", exercise(3), "RFC 6455 §10.2",
    "a list of origins takes the place of the own host", [](Run& run) {
    const std::string site = run.payload(6) + ".example";
    const std::string api = "api." + run.payload(5) + ".test";
    const std::vector<Origin> list{{"https", site, 443}, {"http", "localhost", 8000}};
    const std::string listed = "this origin is on the list";
    expect_page(run, {api, {"https://" + site}, true, listed, list});
    expect_page(run, {api, {"HTTPS://" + site + ":443"}, true,
                      listed + ", written in another way", list});
    expect_page(run, {api, {"http://localhost:8000"}, true, listed, list});
    const std::string missing = "this origin is not on the list; ";
    expect_page(run, {api, {"https://" + api}, false,
                      missing + "with a list, the own host counts only when it is on it", list});
    expect_page(run, {api, {"http://" + site}, false, missing + "the scheme is another", list});
    expect_page(run, {api, {"http://" + site + ":443"}, false,
                      missing + "the scheme is another, whatever the port: nobody has encrypted that page", list});
    expect_page(run, {api, {"https://" + site + ":8443"}, false,
                      missing + "the port is another", list});
}};

const Scenario origin_lookalike{"origin-lookalike", exercise(3), "RFC 6454 §5",
    "a host that begins or ends like ours is a stranger's", [](Run& run) {
    const std::string host = run.payload(6) + ".example";
    const std::vector<Origin> list{{"http", host, 80}};
    for (const std::vector<Origin>& allowed : {std::vector<Origin>{}, list}) {
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

const Scenario origin_port{"origin-port", exercise(3), "RFC 6454 §4",
    "a port that is left out is the scheme's: 80 or 443", [](Run& run) {
    const std::string host = run.payload(6) + ".example";
    const std::string same = "80 is what http has anyway, and 443 https: written or not, it "
                             "is one origin";
    expect_page(run, {host, {"http://" + host + ":80"}, true, same});
    expect_page(run, {host, {"https://" + host + ":443"}, true, same});
    expect_page(run, {host + ":443", {"https://" + host}, true, same});
    expect_page(run, {host + ":80", {"http://" + host}, true, same});
    expect_page(run, {host + ":", {"http://" + host}, true,
                      "a colon and no port after it: RFC 3986 §3.2.3 allows it, and means the scheme's own"});
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

const Scenario origin_null{"origin-null", exercise(3), "RFC 6454 §7.1",
    "null, nothing, and what is no web page are no origin of ours", [](Run& run) {
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

const Scenario origin_twice{"origin-twice", exercise(3), "RFC 6454 §7.3",
    "two Origin headers are one too many, even if both are right", [](Run& run) {
    const std::string host = run.payload(6) + ".example";
    const std::string own = "http://" + host;
    const std::string why = "a browser sends one. With two, somebody has added one, and which?";
    expect_page(run, {host, {own, own}, false, why});
    expect_page(run, {host, {own, "http://evil.test"}, false, why});
    expect_page(run, {host, {own, own}, false, why, {{"http", host, 80}}});
}};

// --- exercise 4: which user ---------------------------------------------------------------------

std::string basic(const std::string& pair, const std::string& scheme = "Basic") {
    return "Authorization: " + scheme + ' ' + base64(bytes_of(pair)) + "\r\n";
}

struct Account {
    std::string name;
    std::string secret;
    bool blocked = false;
};

// Four accounts with names and secrets from the seed; mallory's is blocked.
struct Users {
    explicit Users(Run& run)
        : list{{"alice", run.payload(12)},
               {"bob", run.payload(9) + ":" + run.payload(4) + ":" + run.payload(3)},
               {"mallory", run.payload(12), true},
               {"carol", run.payload(10) + "=="}} {}

    const Account& alice() const { return list[0]; }
    const Account& bob() const { return list[1]; }
    const Account& mallory() const { return list[2]; }
    const Account& carol() const { return list[3]; }

    std::vector<Account> list;
};

// `expected`: the Errc; `name`: whose request it is, or nobody's.
void expect_user(Run& run, const Users& users, const std::string& headers, std::string_view expected,
                 const std::string& name, std::string_view why) {
    std::string shown = headers.empty() ? "no credentials" : headers.substr(0, headers.size() - 2);
    for (std::size_t at; (at = shown.find("\r\n")) != std::string::npos;) shown.replace(at, 2, " | ");
    const bool basic = headers.find("Basic ") != std::string::npos;
    std::vector<std::tuple<std::string, std::string, bool>> accounts;
    for (const Account& each : users.list) accounts.emplace_back(each.name, each.secret, each.blocked);
    run.fresh();
    const auto [errc, who] =
        run.call(Call{"authenticate", "Host: a.example\r\n" + headers, accounts}.as(
                     "authenticate(" + shown + ')' + (basic ? "   // Basic is base64 of NAME:SECRET" : "")))
            .as<std::string, std::string>();
    same_errc(run, errc, expected, why);
    run.equal("the name", who, name, name.empty() ? "whoever is not let in has no name" : why);
}

const Scenario basic_pair{"basic", exercise(4), "RFC 7617 §2",
    "Basic is base64 of the name, a colon, and the password", [](Run& run) {
    const Users users{run};
    const Account &alice = users.alice(), &carol = users.carol();
    expect_user(run, users, basic("alice:" + alice.secret), "none", "alice",
                "alice with her password");
    expect_user(run, users, basic("carol:" + carol.secret), "none", "carol",
                "carol with her password, the last one of the list");
    expect_user(run, users, basic("alice:" + alice.secret, "bAsIc"), "none", "alice",
                "the scheme is compared without regard to case");
    expect_user(run, users, basic("carol:" + alice.secret), "unauthorized", "",
                "it is alice's password, and not carol's: name and secret belong together");
    expect_user(run, users, basic("alice:"), "unauthorized", "",
                "the password is empty, and alice's is not");
    expect_user(run, users, basic("alice"), "unauthorized", "", "there is no colon");
    expect_user(run, users, basic(alice.secret), "unauthorized", "",
                "there is no colon, so there is no name");
    expect_user(run, users, "Authorization: Basic alice:" + alice.secret + "\r\n",
                "unauthorized", "", "this is not base64");
}};

const Scenario basic_colon{"basic-colon", exercise(4), "RFC 7617 §2",
    "the first colon ends the name; a password may hold further ones", [](Run& run) {
    const Users users{run};
    expect_user(run, users, basic("bob:" + users.bob().secret), "none", "bob",
                "bob's password is " + users.bob().secret +
                    ": the name ends at the first colon, the rest is the password");
}};

const Scenario bearer{"bearer", exercise(4), "RFC 6750 §2.1",
    "Bearer shows the secret alone; it says whose it is", [](Run& run) {
    const Users users{run};
    const auto header = [](const std::string& token) {
        return "Authorization: Bearer " + token + "\r\n";
    };
    for (const Account& account : {users.alice(), users.bob(), users.carol()})
        expect_user(run, users, header(account.secret), "none", account.name,
                    "no name is presented, so the secret decides; all accounts are compared");
    expect_user(run, users, header(users.alice().secret + "x"), "unauthorized", "",
                "nobody has this secret");
    expect_user(run, users, "Authorization: Digest " + users.alice().secret + "\r\n",
                "unauthorized", "", "a scheme that we do not know");
}};

const Scenario cookie{"cookie", exercise(4), "RFC 6265 §4.2.1, RFC 6455 §10.5",
    "a browser cannot set Authorization: its secret comes in the cookie", [](Run& run) {
    const Users users{run};
    const std::string& secret = users.alice().secret;
    const std::string why =
        "the cookie \"session\" holds alice's secret, and there is no Authorization header: "
        "new WebSocket(url) cannot send one";
    expect_user(run, users, "Cookie: session=" + secret + "\r\n", "none", "alice", why);
    expect_user(run, users, "Cookie: theme=dark; session=" + secret + "; a=b\r\n", "none",
                "alice", why);
    expect_user(run, users, "Cookie: session=" + users.carol().secret + "\r\n", "none",
                "carol", "only the first = ends the cookie's name; others are its value");
    expect_user(run, users, "Cookie: session=" + secret + "x\r\n", "unauthorized", "",
                "nobody has this secret");
    expect_user(run, users, "Cookie: session=\r\n", "unauthorized", "",
                "an empty cookie is nobody's secret");
}};

const Scenario cookie_name{"cookie-name", exercise(4), "RFC 6265 §4.2.1",
    "a cookie's name is all of what stands before the =", [](Run& run) {
    const Users users{run};
    const std::string& secret = users.alice().secret;
    for (const char* name : {"session2", "session-old", "xsession", "Session", "sess"})
        expect_user(run, users, "Cookie: " + std::string{name} + '=' + secret + "\r\n",
                    "unauthorized", "",
                    std::string{name} + " is another cookie than session");
    expect_user(run, users, "Cookie: session2=old; session=" + secret + "\r\n", "none",
                "alice", "session2 is another cookie, and session is there once");
    const std::string twice =
        "the cookie is there twice: a neighbouring host may have set one of them, and which "
        "one cannot be told";
    expect_user(run, users, "Cookie: session=" + secret + "; session=" + secret + "\r\n",
                "unauthorized", "", twice);
    expect_user(run, users, "Cookie: session=x; session=" + secret + "\r\n",
                "unauthorized", "", twice);
    expect_user(run, users, "Cookie: session=" + secret + "\r\nCookie: session=x\r\n",
                "unauthorized", "", twice);
    expect_user(run, users, "Cookie: session=x\r\nCookie: session=" + secret + "\r\n",
                "unauthorized", "", twice + "; in two headers as in one");
}};

const Scenario two_headers{"two-headers", exercise(4), "RFC 9110 §11.6.2",
    "two Authorization headers are none, and one decides over a cookie", [](Run& run) {
    const Users users{run};
    const std::string right = "Authorization: Bearer " + users.alice().secret + "\r\n";
    const std::string wrong = "Authorization: Bearer x\r\n";
    const std::string session = "Cookie: session=" + users.alice().secret + "\r\n";
    const std::string why = "two headers say two things; whoever picks one of them may pick "
                            "another than the proxy in front that has checked it";
    expect_user(run, users, right + wrong, "unauthorized", "", why);
    expect_user(run, users, right + right, "unauthorized", "", why);
    expect_user(run, users, right + right + session, "unauthorized", "", why);
    expect_user(run, users, wrong + session, "unauthorized", "",
                "the header is wrong, and it decides: whoever sends one means it");
    for (const char* unread : {"Authorization: Digest x\r\n", "Authorization: Basic no base64\r\n"})
        expect_user(run, users, unread + session, "unauthorized", "",
                    "the header cannot be read, and it decides all the same: the cookie is asked where there is "
                    "no header");
    expect_user(run, users, right + "Cookie: session=x\r\n", "none", "alice",
                "the header is right, and it decides");
}};

const Scenario unknown{"unknown", exercise(4), "RFC 9110 §15.5.2",
    "whoever shows nothing, or nothing that fits, is asked to log in: 401", [](Run& run) {
    const Users users{run};
    expect_user(run, users, "", "unauthorized", "",
                "nothing was presented, and there are accounts");
    expect_user(run, users, basic("eve:" + run.payload(8)), "unauthorized", "",
                "nobody has this name");
    expect_user(run, users, "Authorization: Bearer " + run.payload(8) + "\r\n",
                "unauthorized", "", "nobody has this secret");
}};

const Scenario blocked{"blocked", exercise(4), "RFC 9110 §15.5.4", "whom we know, and do not want, gets 403",
    [](Run& run) {
    const Users users{run};
    const std::string known =
        "we know who it is, and the answer is no. 401 would say: log in, and try again";
    expect_user(run, users, basic("mallory:" + users.mallory().secret), "forbidden", "",
                known);
    expect_user(run, users, "Authorization: Bearer " + users.mallory().secret + "\r\n",
                "forbidden", "", known);
    expect_user(run, users, basic("mallory:guess"), "unauthorized", "",
                "the password is wrong: to 403 a stranger would tell him that the name exists");
}};

}  // namespace

}  // namespace check
