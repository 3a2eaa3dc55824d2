// The student's side of function scenarios: does what it is asked on descriptor 3, one call after
// the other (or on a thread of its own), until the judge closes it. Its crash is a failed call.
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <mutex>
#include <thread>

#include "lessons/tools/check/calls/calls.hpp"

namespace {

constexpr int judge = 3;

std::map<std::string_view, calls::Called>& functions() {
    static std::map<std::string_view, calls::Called> all;
    return all;
}

void answer(std::uint64_t id, char letter, const wire::Value& value) {
    static std::mutex turns;
    const std::lock_guard lock{turns};
    std::vector<int> descriptors;
    const std::string bytes = wire::encode({id, letter, {}, value}, descriptors);
    const std::vector<int> handed_over = descriptors;
    std::string_view rest = bytes;
    while (!rest.empty()) {
        const long sent = wire::send_with(judge, rest, descriptors, 0);
        if (sent < 0 && errno != EINTR) ::_exit(0);  // nobody listens any more
        if (sent <= 0) continue;
        rest.remove_prefix(static_cast<std::size_t>(sent));
        descriptors.clear();
    }
    for (const int one : handed_over) ::close(one);
}

void call(std::uint64_t id, calls::Called function, const wire::Value& arguments) {
    try {
        answer(id, 'r', function(arguments));
    } catch (const wire::Mismatch& error) {
        answer(id, 'u', wire::to_value(std::string{"wanted: "} + error.what()));
    } catch (const std::exception& error) {
        answer(id, 'e', wire::to_value(std::string_view{error.what()}));
    }
}

void serve(const wire::Message& request) {
    const auto found = functions().find(request.name);
    if (found == functions().end())
        return answer(request.id, 'u', wire::to_value("there is no function " + request.name));
    const calls::Called function = found->second;
    switch (request.letter) {
        case 'a':
            std::thread{[request, function] { call(request.id, function, request.value); }}.detach();
            return;
        case 'm':
            for (const wire::Value& arguments : request.value.list)
                call(request.id, function, arguments);
            return;
        default: call(request.id, function, request.value);
    }
}

}  // namespace

calls::Function::Function(std::string_view name, Called body) { functions()[name] = body; }

int main() {
    // The judge interrupts system calls with it, as a resized window would.
    struct sigaction nothing {};
    nothing.sa_handler = [](int) {};
    ::sigaction(SIGUSR1, &nothing, nullptr);
    std::string bytes;
    std::vector<int> descriptors;
    for (;;) {
        while (const auto request = wire::decode(bytes, descriptors)) serve(*request);
        const long size = wire::receive_with(judge, bytes, descriptors, 0);
        if (size == 0 || (size < 0 && errno != EINTR)) ::_exit(0);
    }
}
