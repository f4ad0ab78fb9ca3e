// An error says what a value may be and what it is, in the words of the command line where those
// exist.
#include "table/json_values.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "amba/table/words.hpp"
#include "table/address.hpp"
#include "table/json_fault.hpp"

namespace amba::table {

using nlohmann::json;

namespace {

// 3.0 is the whole number 3 in JSON Schema, and some generators write it so.
bool is_whole(const json& value) {
    if (value.is_number_integer()) return true;
    constexpr double kExact = 9007199254740992.0;  // 2^53
    if (!value.is_number_float()) return false;
    const double number = value.get<double>();
    return std::trunc(number) == number && std::abs(number) < kExact;
}

}  // namespace

const char* kind_name(const json& value) {
    if (value.is_string()) return "a string";
    if (value.is_boolean()) return "a boolean";
    if (value.is_number()) return "a number";
    if (value.is_array()) return "an array";
    if (value.is_object()) return "an object";
    return "null";
}

const std::string& expect_string(const json& value, const std::string& pointer,
                                 const char* expected) {
    if (!value.is_string()) {
        fail(pointer, std::string("is ") + kind_name(value) + "; expected " + expected);
    }
    return value.get_ref<const std::string&>();
}

// The value as the word that the command line would have.
std::string as_word(const json& value, JsonKind kind, const std::string& pointer) {
    switch (kind) {
        case JsonKind::kString: return expect_string(value, pointer, "a string");
        case JsonKind::kInteger:
            if (!is_whole(value)) {
                fail(pointer, std::string("is ") +
                                  (value.is_number() ? value.dump() : kind_name(value)) +
                                  "; expected a whole number");
            }
            return value.is_number_float() ? std::to_string(value.get<std::int64_t>())
                                           : value.dump();
        case JsonKind::kBoolean:
            if (!value.is_boolean()) {
                fail(pointer, std::string("is ") + kind_name(value) + "; expected true or false");
            }
            return value.get<bool>() ? "true" : "false";
    }
    return {};
}

Bind read_admin(const json& value, const std::string& pointer) {
    const std::string& word = expect_string(value, pointer, "ADDRESS:PORT");
    const auto bind = parse_bind(word);
    if (!bind) fail(pointer, bind.error().reason);
    return *bind;
}

std::string read_revision(const json& value, const std::string& pointer) {
    const std::string& revision = expect_string(value, pointer, "a string");
    const auto characters = std::count_if(revision.begin(), revision.end(),
                                          [](char c) { return (c & 0xC0) != 0x80; });  // UTF-8
    if (characters < 1 || characters > 128) fail(pointer, "expected 1 to 128 characters");
    return revision;
}

std::uint64_t read_generation(const json& value, const std::string& pointer) {
    const std::string word = as_word(value, JsonKind::kInteger, pointer);
    std::uint64_t generation = 0;
    const auto [end, failure] = std::from_chars(word.data(), word.data() + word.size(), generation);
    if (failure != std::errc{} || end != word.data() + word.size()) {
        fail(pointer, quote(word) + ": expected a whole number from 0");
    }
    return generation;
}

}  // namespace amba::table
