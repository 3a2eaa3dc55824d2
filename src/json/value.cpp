// Construction and access of JSON values. Lesson 12, RFC 8259 §3.
// What copies, moves or destroys a value stands here and not in the header: it needs Member, which
// holds a Value and so is complete only after it.
#include "json/value.hpp"

#include <algorithm>
#include <utility>

namespace json {

Value::Value() noexcept = default;
Value::Value(std::nullptr_t) noexcept {}
Value::Value(bool value) noexcept : data_{value} {}
Value::Value(int value) noexcept : data_{std::int64_t{value}} {}
Value::Value(std::int64_t value) noexcept : data_{value} {}
Value::Value(double value) noexcept : data_{value} {}
Value::Value(const char* text) : data_{std::string{text}} {}
Value::Value(std::string_view text) : data_{std::string{text}} {}
Value::Value(std::string text) noexcept : data_{std::move(text)} {}
Value::Value(Array elements) noexcept : data_{std::move(elements)} {}
Value::Value(Object members) noexcept : data_{std::move(members)} {}

Value::Value(const Value&) = default;
Value::Value(Value&&) noexcept = default;
Value& Value::operator=(const Value&) = default;
Value& Value::operator=(Value&&) noexcept = default;
Value::~Value() = default;

std::optional<bool> Value::boolean() const {
    const bool* value = std::get_if<bool>(&data_);
    return value != nullptr ? std::optional{*value} : std::nullopt;
}

std::optional<std::int64_t> Value::integer() const {
    const std::int64_t* value = std::get_if<std::int64_t>(&data_);
    return value != nullptr ? std::optional{*value} : std::nullopt;
}

std::optional<double> Value::number() const {
    if (const double* value = std::get_if<double>(&data_)) return *value;
    if (const std::int64_t* value = std::get_if<std::int64_t>(&data_))
        return static_cast<double>(*value);
    return std::nullopt;
}

const Value* Value::find(std::string_view name) const {
    const Object* members = object();
    if (members == nullptr) return nullptr;
    const auto member = std::ranges::find(*members, name, &Member::name);
    return member != members->end() ? &member->value : nullptr;
}

const std::string* Value::find_string(std::string_view name) const {
    const Value* value = find(name);
    return value != nullptr ? value->string() : nullptr;
}

bool Value::operator==(const Value& other) const { return data_ == other.data_; }

}  // namespace json
