// What the judge and the student's side say to each other (lessons/tools/check/wire.hpp): values
// there and back, bytes that come in pieces, and bytes that lie.
#include "doctest/doctest.h"
#include "lessons/tools/check/call.hpp"

namespace {

using wire::from_value;
using wire::Message;
using wire::to_value;
using wire::Value;

// As it arrives: a byte at a time, and nothing before the last.
std::optional<Message> in_single_bytes(const std::string& bytes) {
    std::string came;
    std::vector<int> descriptors;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        CHECK(!wire::decode(came, descriptors));
        came += bytes[i];
    }
    auto message = wire::decode(came, descriptors);
    CHECK(came.empty());
    return message;
}

template <typename T>
void there_and_back(const T& value) {
    std::vector<int> descriptors;
    const auto message = in_single_bytes(wire::encode({77, 'r', "f", to_value(value)}, descriptors));
    REQUIRE(message);
    CHECK(message->id == 77);
    CHECK(message->letter == 'r');
    CHECK(message->name == "f");
    CHECK(from_value<T>(message->value) == value);
}

}  // namespace

TEST_CASE("wire: every kind of value comes out as it went in") {
    there_and_back(true);
    there_and_back(std::int64_t{-5});
    there_and_back(std::uint64_t{0xFFFF'FFFF'FFFF'FFFF});
    there_and_back(std::string{"a\0b", 3});
    there_and_back(std::vector<std::uint8_t>{0, 255, 10});
    there_and_back(std::array<std::uint8_t, 4>{1, 2, 3, 4});
    there_and_back(std::optional<int>{});
    there_and_back(std::optional<int>{3});
    there_and_back(std::tuple{true, std::string{"x"}, std::vector<int>{1, 2}});
    there_and_back(std::chrono::milliseconds{200});
}

TEST_CASE("wire: a value of another kind is no such value") {
    CHECK_THROWS_AS(from_value<bool>(to_value(1)), wire::Mismatch);
    CHECK_THROWS_AS(from_value<int>(to_value("1")), wire::Mismatch);
    CHECK_THROWS_AS(from_value<std::uint8_t>(to_value(256)), wire::Mismatch);
    CHECK_THROWS_AS(from_value<unsigned>(to_value(-1)), wire::Mismatch);
    CHECK_THROWS_AS((from_value<std::array<std::uint8_t, 4>>(to_value(std::vector<std::uint8_t>{1}))),
                    wire::Mismatch);
    CHECK_THROWS_AS((from_value<std::tuple<int, int>>(to_value(std::vector<int>{1}))), wire::Mismatch);
    CHECK(to_value("abc") != to_value(check::bytes_of("abc")));
}

TEST_CASE("wire: bytes that are no message are refused, whatever they announce") {
    std::vector<int> descriptors;
    const std::string good = wire::encode({1, 'r', {}, to_value(std::vector<int>{1, 2})}, descriptors);
    // Each byte, one after the other, made another: it is a message, or it is refused.
    for (std::size_t i = 0; i < good.size(); ++i)
        for (const int other : {0x00, 0x7F, 0xFF}) {
            std::string bad = good;
            bad[i] = static_cast<char>(other);
            try {
                wire::decode(bad, descriptors);
            } catch (const wire::Mismatch&) {
            }
        }
    std::string endless(4, '\xFF');
    CHECK_THROWS_AS(wire::decode(endless, descriptors), wire::Mismatch);
    std::string passed = wire::encode({1, 'r', {}, to_value(wire::Fd{5})}, descriptors);
    descriptors.clear();
    CHECK_THROWS_AS(wire::decode(passed, descriptors), wire::Mismatch);
}

TEST_CASE("call: it is shown as it would be written") {
    CHECK(check::Call{"f"}.text() == "f()");
    CHECK(check::Call{"f", 1, true, "a", check::bytes_of("a")}.text() == "f(1, true, \"a\", 61)");
    CHECK(check::Call{"f", 1}.as("f(one)").text() == "f(one)");
}
