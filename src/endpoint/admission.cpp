// The order of the questions: from where, by which page, who. Lesson 10.
// The page comes before the user: a page that may not connect must not find out, by the answer
// that it gets, whether its visitor is logged in here.
#include "endpoint/admission.hpp"

#include "net/forwarded.hpp"

namespace endpoint {

ws::Errc Admission::judge(const ws::Request& request, const net::Address& peer,
                          Guest& guest) const {
    guest.address = net::believed_client(peer, request.list("X-Forwarded-For"), proxies);
    if (const ws::Errc errc = ws::check_origin(request, origins); errc != ws::Errc::none)
        return errc;
    return ws::authenticate(request, accounts, guest.name);
}

}  // namespace endpoint
