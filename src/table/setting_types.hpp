// Readers and writers of the types that settings have. A reader returns what was expected when the
// text does not fit, and then leaves the value as it was.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "amba/table/table.hpp"

namespace amba::table {

using Reason = std::optional<std::string>;

Reason read_int(int& out, std::string_view text, int least, int most);
Reason read_bool(bool& out, std::string_view text);
Reason read_duration(Duration& out, std::string_view text, Duration least = Duration(0));
Reason read_removed(Removed& out, std::string_view text);
std::string show_removed(const Removed& removed);
Reason read_hold(std::optional<Duration>& out, std::string_view text);
Reason read_name(std::string& out, std::string_view text);
Reason read_user(std::string& out, std::string_view text);
Reason read_file(std::string& out, std::string_view text);
Reason read_host(std::string& out, std::string_view text);
Reason read_path(std::string& out, std::string_view text);
Reason read_expect(Check& out, std::string_view text);
std::string show_expect(const Check& check);
std::string show_bool(bool value);

// One of a few words.
template <class Enum>
struct Word {
    const char* text;
    Enum value;
};

template <class Enum, std::size_t N>
Reason read_word(Enum& out, std::string_view text, const std::array<Word<Enum>, N>& words) {
    std::string expected = "expected ";
    for (std::size_t i = 0; i < N; ++i) {
        if (text == words[i].text) {
            out = words[i].value;
            return std::nullopt;
        }
        expected += i == 0 ? "" : i + 1 == N ? " or " : ", ";
        expected += words[i].text;
    }
    return expected;
}

template <class Enum, std::size_t N>
std::string show_word(Enum value, const std::array<Word<Enum>, N>& words) {
    for (const auto& word : words) {
        if (word.value == value) return word.text;
    }
    return {};
}

}  // namespace amba::table
