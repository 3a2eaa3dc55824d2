// Values: what they are made of, and how they are asked. RFC 8259 §3.
#include "json/value.hpp"

#include <doctest/doctest.h>

using json::Array;
using json::Object;
using json::Value;

TEST_CASE("JSON: a value knows its type, and gives nothing as another one") {
    CHECK(Value{}.is_null());
    CHECK(Value{nullptr}.type() == Value::Type::null);
    CHECK(Value{true}.boolean() == true);
    CHECK(Value{1}.integer() == 1);
    CHECK(Value{1}.number() == 1.0);
    CHECK(Value{1.5}.number() == 1.5);
    CHECK(*Value{"x"}.string() == "x");
    CHECK(Value{Array{1, 2}}.array()->size() == 2);
    CHECK(Value{Object{{"a", 1}}}.object()->front().name == "a");

    CHECK(!Value{1}.boolean());
    CHECK(!Value{true}.integer());
    CHECK(!Value{1.0}.integer());
    CHECK(!Value{"1"}.number());
    CHECK(Value{1}.string() == nullptr);
    CHECK(Value{"x"}.array() == nullptr);
    CHECK(Value{Array{}}.object() == nullptr);
}

TEST_CASE("JSON: members are found by name") {
    const Value value{Object{{"user", "ada"}, {"age", 36}, {"none", nullptr}}};
    CHECK(*value.find_string("user") == "ada");
    CHECK(value.find("age")->integer() == 36);
    CHECK(value.find("none")->is_null());
    CHECK(value.find("nobody") == nullptr);
    CHECK(value.find_string("age") == nullptr);
    CHECK(value.find_string("nobody") == nullptr);
    CHECK(Value{"user"}.find("user") == nullptr);
}

TEST_CASE("JSON: values are equal when type and content are") {
    CHECK(Value{1} == Value{1});
    CHECK_FALSE(Value{1} == Value{1.0});
    CHECK_FALSE(Value{} == Value{false});
    CHECK_FALSE(Value{Object{{"a", 1}, {"b", 2}}} == Value{Object{{"b", 2}, {"a", 1}}});
    Value copy = Value{Array{Object{{"a", Array{1}}}}};
    const Value original = copy;
    copy = Value{"other"};
    CHECK(*original.array() == Array{Object{{"a", Array{1}}}});
}
