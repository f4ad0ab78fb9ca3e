// The one logging door. One event is one line on stderr, as text or as JSON.
//
// Rooms that log say what happened with a short event name and a sentence; how it is written is
// decided once, by app. The pure rooms do not log. Nothing is logged per chunk of data.
#pragma once

#include <string_view>

namespace amba::log {

enum class Level { kDebug, kInfo, kWarning, kError };
enum class Format { kText, kJson };

void configure(Format format, Level level);

// One event: `event` is a stable word for programs ("applied", "rejected", "bind"), `message` a
// sentence for people. Line breaks inside `message` are written as spaces.
void write(Level level, std::string_view event, std::string_view message);

inline void debug(std::string_view event, std::string_view message) {
    write(Level::kDebug, event, message);
}
inline void info(std::string_view event, std::string_view message) {
    write(Level::kInfo, event, message);
}
inline void warning(std::string_view event, std::string_view message) {
    write(Level::kWarning, event, message);
}
inline void error(std::string_view event, std::string_view message) {
    write(Level::kError, event, message);
}

}  // namespace amba::log
