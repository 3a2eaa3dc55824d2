// A JSON value, RFC 8259 §3: null, true and false, numbers, strings, arrays, objects. Lesson 12.
// Members of an object keep their order; an integer is exact in 64 bits and never becomes a
// double on its way. Asking for another type than the value has gives nothing, and never throws.
// Leaves out: numbers beyond 64 bits, comments and other dialects, a path language.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace json {

class Value;
struct Member;

using Array = std::vector<Value>;
using Object = std::vector<Member>;  // names are unique: find() takes the first

class Value {
  public:
    enum class Type : std::uint8_t { null, boolean, integer, real, string, array, object };

    // What can stand in a message converts without a word. An unsigned or a 64-bit number of
    // another type is ambiguous on purpose: the caller says how it fits.
    Value() noexcept;  // null
    Value(std::nullptr_t) noexcept;
    Value(bool value) noexcept;
    Value(int value) noexcept;
    Value(std::int64_t value) noexcept;
    Value(double value) noexcept;
    Value(const char* text);
    Value(std::string_view text);
    Value(std::string text) noexcept;
    Value(Array elements) noexcept;
    Value(Object members) noexcept;
    Value(const void*) = delete;  // else any pointer would be `true`

    Value(const Value&);
    Value(Value&&) noexcept;
    Value& operator=(const Value&);
    Value& operator=(Value&&) noexcept;
    ~Value();

    Type type() const { return static_cast<Type>(data_.index()); }
    bool is_null() const { return type() == Type::null; }

    // The value if it has this type; nothing otherwise. number() takes integers too, which
    // beyond 2^53 may be rounded.
    std::optional<bool> boolean() const;
    std::optional<std::int64_t> integer() const;
    std::optional<double> number() const;
    const std::string* string() const { return std::get_if<std::string>(&data_); }
    const Array* array() const { return std::get_if<Array>(&data_); }
    const Object* object() const { return std::get_if<Object>(&data_); }

    // An object's member; nothing when there is none, or when this is no object.
    const Value* find(std::string_view name) const;
    // The same for a member that is a string.
    const std::string* find_string(std::string_view name) const;

    // Same type and same content. 1 and 1.0 differ, and so do members in another order.
    bool operator==(const Value& other) const;

  private:
    // In the order of Type.
    std::variant<std::nullptr_t, bool, std::int64_t, double, std::string, Array, Object> data_;
};

struct Member {
    std::string name;
    Value value;

    bool operator==(const Member&) const = default;
};

}  // namespace json
