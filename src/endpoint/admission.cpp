// The order of the questions: from where, by which page, who. Lesson 10.
// The page comes before the user: a page that may not connect must not find out, by the answer
// that it gets, whether its visitor is logged in here.
#include "endpoint/admission.hpp"

#include <utility>

#include "net/forwarded.hpp"

namespace endpoint {

Verdict Admission::judge(const ws::Request& request, const net::Address& peer) const {
    Guest guest{net::believed_client(peer, request.list("X-Forwarded-For"), proxies)};
    ws::Errc errc = ws::check_origin(request, origins);
    if (errc == ws::Errc::none) errc = ws::authenticate(request, accounts, guest.name);
    return {errc, std::move(guest)};
}

}  // namespace endpoint
