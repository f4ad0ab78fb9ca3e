// The line of a connection, as text and as JSON.
#include <cstdio>

#include "amba/log/log.hpp"
#include "log/lines.hpp"

namespace amba::log {

namespace {

// A tenth of a millisecond is as fine as anybody reads.
std::string ms(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.1f", value);
    return text;
}

std::string as_text(const ConnectionLine& c) {
    std::string line = "frontend " + std::string(c.frontend) + ", client " + std::string(c.client);
    if (!c.backend.empty()) line += ", backend " + std::string(c.backend);
    line += ", " + std::string(c.ended) + " after " + ms(c.total_ms) + " ms";
    if (c.queued_ms >= 0.05) line += ", queued " + ms(c.queued_ms);
    if (c.connect_ms >= 0) line += ", connected in " + ms(c.connect_ms);
    line += ", up " + std::to_string(c.bytes_up) + ", down " + std::to_string(c.bytes_down);
    if (c.tries > 1) line += ", " + std::to_string(c.tries) + " tries";
    return line + ": " + std::string(c.why);
}

std::string as_members(const ConnectionLine& c) {
    const auto number = [](const char* name, const std::string& value) {
        return ",\"" + std::string(name) + "\":" + value;
    };
    return member("frontend", c.frontend) + member("client", c.client) +
           member("backend", c.backend) + member("ended", c.ended) +
           number("queued_ms", ms(c.queued_ms)) +
           (c.connect_ms < 0 ? "" : number("connect_ms", ms(c.connect_ms))) +
           number("total_ms", ms(c.total_ms)) + number("bytes_up", std::to_string(c.bytes_up)) +
           number("bytes_down", std::to_string(c.bytes_down)) +
           number("tries", std::to_string(c.tries)) + member("message", c.why);
}

}  // namespace

void connection(const ConnectionLine& connection) {
    if (format() == Format::kJson)
        put(Level::kInfo, "\"event\":\"connection\"" + as_members(connection));
    else
        put(Level::kInfo, "connection: " + printable(as_text(connection)));
}

}  // namespace amba::log
