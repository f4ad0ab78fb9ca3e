// Documents of /status for tests, with every key that the daemon tells.
#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

namespace amba::test {

inline nlohmann::json backend(const std::string& address) {
    return {{"address", address},
            {"origin", address},
            {"weight", 1},
            {"backup", false},
            {"maxconn", 0},
            {"weight_percent", 100},
            {"state", "healthy"},
            {"since", "2026-11-22T07:29:00.000Z"},
            {"why", ""},
            {"connections_current", 0},
            {"connections_total", 0},
            {"connections_failed", 0},
            {"connections_rate", 0},
            {"resets_total", 0},
            {"downs_total", 0},
            {"bytes_up", 0},
            {"bytes_down", 0},
            {"settings", nlohmann::json::object()}};
}

inline nlohmann::json frontend(const std::string& name, const std::string& bind,
                               std::vector<nlohmann::json> backends) {
    return {{"name", name},
            {"bind", bind},
            {"listening", true},
            {"paused", false},
            {"state", "listening"},
            {"balance", "roundrobin"},
            {"maxconn", 0},
            {"queue_current", 0},
            {"queue_total", 0},
            {"queue_timeouts", 0},
            {"connections_current", 0},
            {"connections_total", 0},
            {"connections_failed", 0},
            {"connections_rate", 0},
            {"retries_total", 0},
            {"hedges_total", 0},
            {"bytes_up", 0},
            {"bytes_down", 0},
            {"backends", std::move(backends)}};
}

inline nlohmann::json status(std::vector<nlohmann::json> frontends) {
    return {{"version", "1.2.3"},
            {"daemon", "d1"},
            {"started", "2026-11-20T07:30:00.000Z"},
            {"now", "2026-11-22T07:30:00.123Z"},
            {"generation", 12},
            {"revision", "0123456789abcdef0123456789abcdef"},
            {"applied", "2026-11-22T07:18:00.000Z"},
            {"tables_applied", 12},
            {"tables_rejected", 0},
            {"stopping", false},
            {"orphaned", ""},
            {"log_lines_dropped", 0},
            {"unresolved", nlohmann::json::array()},
            {"frontends", std::move(frontends)}};
}

inline std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);)
        lines.push_back(line);
    return lines;
}

inline std::vector<std::string> words_of(const std::string& line) {
    std::vector<std::string> words;
    std::istringstream in(line);
    for (std::string word; in >> word;)
        words.push_back(word);
    return words;
}

// The first line with `text` in it.
inline std::string line_with(const std::vector<std::string>& lines, const std::string& text) {
    for (const std::string& line : lines) {
        if (line.find(text) != std::string::npos) return line;
    }
    ADD_FAILURE() << "no line has " << text << ":\n" << testing::PrintToString(lines);
    return {};
}

}  // namespace amba::test
