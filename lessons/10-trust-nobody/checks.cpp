// The judge of lesson 10, exercises 2 and 3: a secret, which page. Functions alone; secrets and hosts come
// from the seed. RFC 6455 §10.2, §10.5, RFC 6454.
// Which user: checks_account.cpp. Addresses and the server at its door: checks_door.cpp.
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
    const std::string_view cancelled = "two bytes differ, and their differences have cancelled each other. Whoever "
                                       "collects by ^ or + can lose them again; | never forgets one";
    std::string two = secret;
    for (const std::size_t i : {2u, 7u}) two[i] = static_cast<char>(two[i] ^ 1);
    expect_equal(run, two, secret, false, cancelled);
    expect_equal(run, "ba" + secret, "ab" + secret, false, cancelled);
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
    const std::string_view one_byte = "the lengths differ by 256, which is 0 in a byte: they have to be compared "
                                      "as they are";
    const std::string round = run.repeated(256);
    expect_equal(run, "", round, false, one_byte);
    expect_equal(run, round + round, round, false, one_byte);
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
    std::string loud = site;
    for (char& c : loud) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    expect_page(run, {api, {"https://" + loud}, true,
                      listed + ", and a host is the same in capital letters (RFC 6454 §4)", list});
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
    for (const std::string scheme : {"httpx", "ws"})
        expect_page(run, {host, {scheme + "://" + host}, false,
                          "no page has the scheme " + scheme + ": it is http or https, compared as a whole"});
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

}  // namespace

}  // namespace check
