// What the judge and the student's side say to each other: values, and messages of them over a
// socket. Both sides are compiled with this file; the judge takes nothing that it reads for granted.
// A message is 4 bytes size, 8 bytes id, then a letter and its values; descriptors go with it
// (SCM_RIGHTS). Leaves out: waiting and time limits (callee.hpp).
#pragma once

#include <array>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace wire {

// A descriptor that is passed. Its receiver owns it.
struct Fd {
    int number = -1;
};

// One of a few kinds, and nothing else: what a call takes and what it gives.
struct Value {
    enum class Kind : char {
        boolean = 'b',
        number = 'n',
        text = 't',
        bytes = 'x',
        list = 'l',
        descriptor = 'd',
    };
    Kind kind = Kind::list;
    bool negative = false;      // of a number
    std::uint64_t number = 0;   // or 0 and 1 of a boolean, or the descriptor's
    std::string data{};         // of text and bytes
    std::vector<Value> list{};

    bool operator==(const Value& other) const;
};

}  // namespace wire

// Many files have lists of values; wire.cpp has their code.
extern template class std::vector<wire::Value>;

namespace wire {

// The value is of another kind than was wanted.
struct Mismatch : std::runtime_error {
    using std::runtime_error::runtime_error;
};
void expect_kind(const Value& value, Value::Kind kind, const char* what);
void expect_list(const Value& value, std::size_t size);

Value number_value(bool negative, std::uint64_t bits);
// In two's complement.
std::uint64_t bits_of_number(const Value& value);

namespace detail {
template <typename T>
concept ByteRange = requires(const T& range) {
    { std::span<const std::uint8_t>{range} };
};
template <typename T>
struct is_tuple : std::false_type {};
template <typename... T>
struct is_tuple<std::tuple<T...>> : std::true_type {};
template <typename A, typename B>
struct is_tuple<std::pair<A, B>> : std::true_type {};
template <typename T>
struct is_optional : std::false_type {};
template <typename T>
struct is_optional<std::optional<T>> : std::true_type {};
template <typename T>
struct is_array : std::false_type {};
template <std::size_t size>
struct is_array<std::array<std::uint8_t, size>> : std::true_type {};
template <typename T>
struct is_duration : std::false_type {};
template <typename R, typename P>
struct is_duration<std::chrono::duration<R, P>> : std::true_type {};
}  // namespace detail

// Numbers of every type are one kind, and so are enumerators; durations are milliseconds. What may
// be missing is a list of none or one.
template <typename T>
Value to_value(const T& from) {
    Value value;
    if constexpr (std::same_as<T, Value>) {
        return from;
    } else if constexpr (std::same_as<T, bool>) {
        value.kind = Value::Kind::boolean;
        value.number = from ? 1 : 0;
    } else if constexpr (std::integral<T>) {
        if constexpr (std::is_signed_v<T>)
            return number_value(from < 0, static_cast<std::uint64_t>(from));
        else
            return number_value(false, from);
    } else if constexpr (std::is_enum_v<T>) {
        return to_value(static_cast<std::underlying_type_t<T>>(from));
    } else if constexpr (detail::is_duration<T>::value) {
        return to_value(std::chrono::duration_cast<std::chrono::milliseconds>(from).count());
    } else if constexpr (std::same_as<T, Fd>) {
        value.kind = Value::Kind::descriptor;
        value.number = static_cast<std::uint64_t>(from.number);
    } else if constexpr (std::convertible_to<const T&, std::string_view>) {
        value.kind = Value::Kind::text;
        value.data = std::string_view{from};
    } else if constexpr (detail::ByteRange<T>) {
        const std::span<const std::uint8_t> bytes{from};
        value.kind = Value::Kind::bytes;
        value.data.assign(bytes.begin(), bytes.end());
    } else if constexpr (detail::is_tuple<T>::value) {
        std::apply([&](const auto&... each) { (value.list.push_back(to_value(each)), ...); }, from);
    } else if constexpr (detail::is_optional<T>::value) {
        if (from) value.list.push_back(to_value(*from));
    } else {
        for (const auto& each : from) value.list.push_back(to_value(each));
    }
    return value;
}

// The other way. Throws Mismatch when the value is none of this type.
template <typename T>
T from_value(const Value& value) {
    if constexpr (std::same_as<T, Value>) {
        return value;
    } else if constexpr (std::same_as<T, bool>) {
        expect_kind(value, Value::Kind::boolean, "true or false");
        return value.number != 0;
    } else if constexpr (std::integral<T>) {
        const T number = static_cast<T>(bits_of_number(value));
        if (to_value(number) != value) throw Mismatch{"a number that fits"};
        return number;
    } else if constexpr (std::is_enum_v<T>) {
        return static_cast<T>(from_value<std::underlying_type_t<T>>(value));
    } else if constexpr (detail::is_duration<T>::value) {
        return std::chrono::milliseconds{from_value<std::int64_t>(value)};
    } else if constexpr (std::same_as<T, Fd>) {
        expect_kind(value, Value::Kind::descriptor, "a descriptor");
        return Fd{static_cast<int>(value.number)};
    } else if constexpr (std::same_as<T, std::string>) {
        expect_kind(value, Value::Kind::text, "a text");
        return value.data;
    } else if constexpr (detail::is_array<T>::value) {
        expect_kind(value, Value::Kind::bytes, "bytes");
        T bytes{};
        if (value.data.size() != bytes.size()) throw Mismatch{"another number of bytes"};
        std::copy(value.data.begin(), value.data.end(), bytes.begin());
        return bytes;
    } else if constexpr (std::same_as<T, std::vector<std::uint8_t>>) {
        expect_kind(value, Value::Kind::bytes, "bytes");
        return {value.data.begin(), value.data.end()};
    } else if constexpr (detail::is_tuple<T>::value) {
        expect_list(value, std::tuple_size_v<T>);
        return [&]<std::size_t... i>(std::index_sequence<i...>) {
            return T{from_value<std::tuple_element_t<i, T>>(value.list[i])...};
        }(std::make_index_sequence<std::tuple_size_v<T>>{});
    } else if constexpr (detail::is_optional<T>::value) {
        expect_kind(value, Value::Kind::list, "a list");
        if (value.list.size() > 1) throw Mismatch{"none or one"};
        if (value.list.empty()) return std::nullopt;
        return from_value<typename T::value_type>(value.list.front());
    } else {
        expect_kind(value, Value::Kind::list, "a list");
        T all;
        for (const Value& each : value.list)
            all.push_back(from_value<typename T::value_type>(each));
        return all;
    }
}

// A request: 'c' a call, 'a' a call on a thread of its own, 'm' many calls of one function, whose
// arguments are lists. An answer: 'r' a result, 'e' an exception's text, 'u' the request cannot be
// understood (a fault of the checks).
struct Message {
    std::uint64_t id = 0;
    char letter = 0;
    std::string name{};  // of a request's function
    Value value{};
};

inline constexpr std::size_t most_bytes = std::size_t{64} << 20;
inline constexpr std::size_t head_bytes = 12;

std::string encode(const Message& message, std::vector<int>& descriptors);

// Takes a message off the front of `bytes`. Nothing: it is not there whole. Throws Mismatch when
// the bytes are no message. Descriptors are taken off the front of `descriptors`.
std::optional<Message> decode(std::string& bytes, std::vector<int>& descriptors);

// One write and one read with descriptors. As sendmsg() and recvmsg(): the bytes moved, or -1.
long send_with(int socket, std::string_view bytes, std::span<const int> descriptors, int flags);
long receive_with(int socket, std::string& bytes, std::vector<int>& descriptors, int flags);

}  // namespace wire
