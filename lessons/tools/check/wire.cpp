// Values to bytes and back. Every length is looked at before it is believed: the other side may be
// broken, or lie.
#include "lessons/tools/check/wire.hpp"

#include <sys/socket.h>
#include <sys/uio.h>

#include <cstring>

template class std::vector<wire::Value>;

namespace wire {

namespace {

constexpr int deepest = 8;
constexpr std::size_t most_descriptors = 16;

template <typename T>
void put(std::string& out, T number) {
    out.append(reinterpret_cast<const char*>(&number), sizeof number);
}

void put_text(std::string& out, std::string_view text) {
    put(out, static_cast<std::uint32_t>(text.size()));
    out += text;
}

void put_value(std::string& out, const Value& value, std::vector<int>& descriptors) {
    out += static_cast<char>(value.kind);
    switch (value.kind) {
        case Value::Kind::number:
            out += value.negative ? '-' : '+';
            put(out, value.number);
            break;
        case Value::Kind::boolean: out += value.number != 0 ? '1' : '0'; break;
        case Value::Kind::text:
        case Value::Kind::bytes: put_text(out, value.data); break;
        case Value::Kind::descriptor: descriptors.push_back(static_cast<int>(value.number)); break;
        case Value::Kind::list:
            put(out, static_cast<std::uint32_t>(value.list.size()));
            for (const Value& each : value.list) put_value(out, each, descriptors);
            break;
    }
}

// Reads from the front of `rest`; throws when something is not there.
struct Reader {
    std::string_view rest;
    std::vector<int>& descriptors;

    std::string_view take(std::size_t size) {
        if (size > rest.size()) throw Mismatch{"it ends too early"};
        const std::string_view taken = rest.substr(0, size);
        rest.remove_prefix(size);
        return taken;
    }
    template <typename T>
    T number() {
        T number{};
        std::memcpy(&number, take(sizeof number).data(), sizeof number);
        return number;
    }
    std::string text() { return std::string{take(number<std::uint32_t>())}; }

    Value value(int depth) {
        if (depth > deepest) throw Mismatch{"lists within lists without end"};
        Value value;
        value.kind = static_cast<Value::Kind>(take(1).front());
        switch (value.kind) {
            case Value::Kind::number:
                value.negative = take(1).front() == '-';
                value.number = number<std::uint64_t>();
                return value;
            case Value::Kind::boolean: value.number = take(1).front() == '1' ? 1 : 0; return value;
            case Value::Kind::text:
            case Value::Kind::bytes: value.data = text(); return value;
            case Value::Kind::descriptor:
                if (descriptors.empty()) throw Mismatch{"a descriptor that did not come"};
                value.number = static_cast<std::uint64_t>(descriptors.front());
                descriptors.erase(descriptors.begin());
                return value;
            case Value::Kind::list:
                for (auto left = number<std::uint32_t>(); left > 0; --left)
                    value.list.push_back(this->value(depth + 1));
                return value;
        }
        throw Mismatch{"a value of no known kind"};
    }
};

}  // namespace

bool Value::operator==(const Value& other) const {
    return kind == other.kind && negative == other.negative && number == other.number &&
           data == other.data && list == other.list;
}

void expect_kind(const Value& value, Value::Kind kind, const char* what) {
    if (value.kind != kind) throw Mismatch{what};
}

void expect_list(const Value& value, std::size_t size) {
    expect_kind(value, Value::Kind::list, "a list");
    if (value.list.size() != size) throw Mismatch{"a list of another size"};
}

Value number_value(bool negative, std::uint64_t bits) {
    return {.kind = Value::Kind::number, .negative = negative, .number = negative ? ~bits + 1 : bits};
}

std::uint64_t bits_of_number(const Value& value) {
    expect_kind(value, Value::Kind::number, "a number");
    return value.negative ? ~value.number + 1 : value.number;
}

std::string encode(const Message& message, std::vector<int>& descriptors) {
    std::string body;
    put(body, message.id);
    body += message.letter;
    put_text(body, message.name);
    put_value(body, message.value, descriptors);
    std::string bytes;
    put(bytes, static_cast<std::uint32_t>(body.size()));
    return bytes + body;
}

std::optional<Message> decode(std::string& bytes, std::vector<int>& descriptors) {
    if (bytes.size() < sizeof(std::uint32_t)) return std::nullopt;
    Reader reader{bytes, descriptors};
    const auto size = reader.number<std::uint32_t>();
    if (size > most_bytes) throw Mismatch{"a message of " + std::to_string(size) + " bytes"};
    if (reader.rest.size() < size) return std::nullopt;
    reader.rest = reader.rest.substr(0, size);
    Message message;
    message.id = reader.number<std::uint64_t>();
    message.letter = reader.take(1).front();
    message.name = reader.text();
    message.value = reader.value(0);
    if (!reader.rest.empty()) throw Mismatch{"bytes after its end"};
    bytes.erase(0, sizeof size + size);
    return message;
}

long send_with(int socket, std::string_view bytes, std::span<const int> descriptors, int flags) {
    iovec data{const_cast<char*>(bytes.data()), bytes.size()};
    alignas(cmsghdr) char control[CMSG_SPACE(most_descriptors * sizeof(int))] = {};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    if (!descriptors.empty()) {
        const std::size_t size = descriptors.size_bytes();
        message.msg_control = control;
        message.msg_controllen = CMSG_SPACE(size);
        cmsghdr* head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(size);
        std::memcpy(CMSG_DATA(head), descriptors.data(), size);
    }
    return ::sendmsg(socket, &message, flags | MSG_NOSIGNAL);
}

long receive_with(int socket, std::string& bytes, std::vector<int>& descriptors, int flags) {
    static thread_local std::string buffer(65536, '\0');
    iovec data{buffer.data(), buffer.size()};
    alignas(cmsghdr) char control[CMSG_SPACE(most_descriptors * sizeof(int))];
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const long size = ::recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC);
    if (size <= 0) return size;
    bytes.append(buffer, 0, static_cast<std::size_t>(size));
    for (cmsghdr* head = CMSG_FIRSTHDR(&message); head != nullptr; head = CMSG_NXTHDR(&message, head))
        if (head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS)
            for (std::size_t i = 0; i < (head->cmsg_len - CMSG_LEN(0)) / sizeof(int); ++i) {
                int one = -1;
                std::memcpy(&one, CMSG_DATA(head) + i * sizeof one, sizeof one);
                descriptors.push_back(one);
            }
    return size;
}

}  // namespace wire
