// `amba help table`: the grammar, and every key out of the two lists that the parser itself walks,
// with its default and what it expects as those lists know them. The sentence about a key is its
// description in the JSON Schema, so that there is one place for each.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "amba/table/json.hpp"
#include "amba/table/words.hpp"
#include "table/settings.hpp"

namespace amba::table {

namespace {

constexpr const char* kGrammar =
    R"(TABLE    := GROUP { "+" GROUP }               "+" is a word of its own
GROUP    := FRONTEND {KEY=VALUE} { BACKEND {KEY=VALUE} }
FRONTEND := PORT | ADDR:PORT | [V6]:PORT | *:PORT | :PORT | :::PORT
BACKEND  := HOST PORT | HOST:PORT | [V6]:PORT | V6 PORT | srv:NAME

A KEY=VALUE belongs to the address before it. Durations have a unit: ms, s, m or h.
)";

constexpr const char* kExamples =
    R"(
Examples:
  amba run 127.127.0.2:6379 10.0.0.5 32768
  amba 80 www1 1234 www2:2345 weight=3
  amba debugconfig 6379 balance=leastconn redis1:6379 redis2:6379 backup=true + 80 www:80
)";

// What the reader of a setting says of a word that none of them takes.
template <class Owner>
std::string expected(const Setting<Owner>& setting) {
    constexpr std::string_view kBegin = "expected ";
    constexpr std::string_view kDuration = "a whole number and a unit";
    Owner owner;
    const std::string reason = setting.read(owner, "\x01").value_or("");
    const std::size_t at = reason.find(kBegin);
    if (at == std::string::npos) return {};
    std::string out = reason.substr(at + kBegin.size());
    return out.starts_with(kDuration) ? "a duration" : out;
}

// The description of a setting; `properties` are those of its owner in the schema.
template <class Owner>
std::string described(const Setting<Owner>& setting, nlohmann::json properties) {
    const std::string group = setting.group;
    if (!group.empty()) properties = properties.at(group).at("properties");
    return properties.at(setting.member).value("description", "");
}

template <class Owner>
std::string list_of(std::span<const Setting<Owner>> settings, const nlohmann::json& properties) {
    constexpr std::size_t kWidth = 26;
    const Owner standard;
    std::string out;
    for (const Setting<Owner>& setting : settings) {
        if (!setting.on_command_line) continue;
        std::string left = "  " + std::string(setting.key) + "=" + setting.show(standard);
        left.resize(std::max(left.size() + 2, kWidth), ' ');
        out += left + expected(setting) + "\n";
        out += std::string(kWidth, ' ') + described(setting, properties) + "\n";
    }
    return out;
}

}  // namespace

std::string help() {
    const auto schema = nlohmann::json::parse(json_schema()).at("$defs");
    const auto of = [&](const char* owner) {
        return schema.at(owner).at("properties");
    };
    return kGrammar +
           ("\nKeys of a frontend, each with its default and the values it takes:\n" +
            list_of(frontend_settings(), of("frontend"))) +
           "\nKeys of a backend:\n" + list_of(backend_settings(), of("backend")) + kExamples;
}

}  // namespace amba::table
