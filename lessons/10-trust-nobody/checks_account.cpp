// The judge of lesson 10, exercise 4: which user. Functions alone; names and secrets come from the seed.
// RFC 6455 §10.5, RFC 7617, RFC 6750, RFC 6265.
#include "lessons/tools/check/check.hpp"

namespace check {

namespace {

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
    run.equal("the name", who, name, expected == "none" ? why : "whoever is not let in has no name");
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
    expect_user(run, users, basic(":" + alice.secret), "unauthorized", "",
                "a name was presented, and it is empty: it is nobody's. Only where no name can be presented "
                "(Bearer, the cookie) does the secret alone decide");
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
    expect_user(run, users, "Cookie: session=x; session=y; session=" + secret + "\r\n", "unauthorized", "",
                "the cookie is there three times, and the third must not make up for the first two");
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

const Scenario no_accounts{"no-accounts", exercise(4), "RFC 6455 §10.5",
    "a server without accounts asks nobody, and knows nobody's name", [](Run& run) {
    Users nobody{run};
    const std::string secret = nobody.alice().secret;
    nobody.list.clear();
    const std::string_view why = "there are no accounts, so nobody could log in: whoever comes is let in, "
                                 "whatever is presented, and has no name";
    expect_user(run, nobody, "", "none", "", why);
    expect_user(run, nobody, basic("alice:" + secret), "none", "", why);
    expect_user(run, nobody, "Authorization: Bearer " + secret + "\r\n", "none", "", why);
}};

// A secret that no account has, and all of them differ from it in this byte alone.
Milliseconds time_of_asking(Run& run, int times, const std::string& secret, std::size_t wrong_at,
                            std::string_view where) {
    run.call(Call{"accounts", secret, wrong_at}.as("128 accounts, and a Bearer secret that is wrong in its " +
                                                   std::string{where} + " byte"));
    // Its answer tells that nothing of the call before is left to be done.
    run.call(Call{"authenticate_them", 0}.as("authenticate(), not yet"));
    const Milliseconds before = run.students_process().cpu_time();
    run.call(Call{"authenticate_them", times}.as(
        "authenticate(), " + (times == 1 ? "once" : std::to_string(times) + " times")));
    return run.students_process().cpu_time() - before;
}

const Scenario same_time{"same-time", exercise(4).needs(2), "RFC 6455 §10.5",
    "authenticate() takes as long wherever a secret is wrong", [](Run& run) {
    // Many accounts, so that it is the comparing that costs time. What takes little gets more to compare.
    std::string secret = run.repeated(std::size_t{8} << 10);
    int times = 2;
    if (time_of_asking(run, times, secret, secret.size() - 1, "last") < Milliseconds{3}) {
        secret = run.repeated(std::size_t{128} << 10);
        times = 64;
    }
    // Another process on this core may cost one of them its cache: the least of three is its own.
    Milliseconds first = Milliseconds::max(), last = first;
    for (int i = 0; i < 3; ++i) {
        first = std::min(first, time_of_asking(run, times, secret, 0, "first"));
        last = std::min(last, time_of_asking(run, times, secret, secret.size() - 1, "last"));
    }
    run.is_true(last < 2 * first + Milliseconds{2},
                "wrong in the first byte: " + std::to_string(first.count()) +
                    " ms; wrong in the last: " + std::to_string(last.count()) +
                    " ms. The function of exercise 2 takes the same time for both; are the secrets "
                    "compared by it, or by ==?");
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
    expect_user(run, users, "Cookie: session=" + users.mallory().secret + "\r\n", "forbidden", "",
                known + ". A secret that comes in a cookie is as good, and its owner as unwelcome");
    expect_user(run, users, basic("mallory:guess"), "unauthorized", "",
                "the password is wrong: to 403 a stranger would tell him that the name exists");
}};

}  // namespace

}  // namespace check
