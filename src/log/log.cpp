#include "amba/log/log.hpp"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

namespace amba::log {

namespace {

Format g_format = Format::kText;

spdlog::logger& logger() {
    // Created on first use, so that an error before configure() is not lost.
    static const std::shared_ptr<spdlog::logger> instance = [] {
        auto made = std::make_shared<spdlog::logger>(
            "amba", std::make_shared<spdlog::sinks::stderr_sink_mt>());
        made->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
        made->flush_on(spdlog::level::debug);
        return made;
    }();
    return *instance;
}

spdlog::level::level_enum to_spdlog(Level level) {
    switch (level) {
        case Level::kDebug: return spdlog::level::debug;
        case Level::kInfo: return spdlog::level::info;
        case Level::kWarning: return spdlog::level::warn;
        case Level::kError: return spdlog::level::err;
    }
    return spdlog::level::info;
}

// A JSON string with its quotes; bytes that are not UTF-8 become U+FFFD, so that one odd name
// never breaks a collector.
std::string quoted(std::string_view text) {
    return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string one_line(std::string_view event, std::string_view message) {
    std::string line;
    line.reserve(event.size() + message.size() + 32);
    if (g_format == Format::kJson) {
        return "\"event\":" + quoted(event) + ",\"message\":" + quoted(message);
    }
    line += event;
    line += ": ";
    for (const char c : message)
        line += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    return line;
}

}  // namespace

void configure(Format format, Level level) {
    g_format = format;
    logger().set_level(to_spdlog(level));
    if (format == Format::kJson) {
        logger().set_pattern("{\"time\":\"%Y-%m-%dT%H:%M:%S.%e%z\",\"level\":\"%l\",%v}");
    }
}

void write(Level level, std::string_view event, std::string_view message) {
    spdlog::logger& out = logger();
    if (!out.should_log(to_spdlog(level))) return;
    const std::string line = one_line(event, message);
    out.log(to_spdlog(level), spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace amba::log
