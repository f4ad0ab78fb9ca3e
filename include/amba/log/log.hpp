// The one door to the log. One event is one line on stderr, as text or as JSON, and one entry of
// the flight recorder (recorder.hpp).
//
// Rooms that log say what happened with a short event name and a sentence; how it is written is
// decided once, by configure(). The pure rooms do not log. Nothing is logged per chunk of data, and
// per connection only when connections are asked for.
//
// Nobody waits for the reader of stderr. Where it does not take lines, 64 KB of them are kept and
// the rest is dropped and counted; once it reads again one line tells how many are missing.
//
// Events of one kind of one frontend that come in a crowd are folded: after kCrowd lines within
// kCrowdTime the rest is told in one line at the end of that time.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string_view>

namespace amba::log {

enum class Level { kDebug, kInfo, kWarning, kError };
enum class Format { kText, kJson };

inline constexpr int kCrowd = 10;
inline constexpr std::chrono::seconds kCrowdTime{10};

void configure(Format format, Level level);

// What an event is about; empty where it does not apply. Only events about something are folded.
struct About {
    std::string_view frontend;  // its name
    std::string_view backend;   // its address, or its name where that is what the event is about
};

// One event: `event` is a stable word for programs ("applied", "rejected", "bind"), `message` a
// sentence for people. Line breaks inside `message` are written as spaces.
void write(Level level, std::string_view event, std::string_view message, const About& about = {});

inline void debug(std::string_view event, std::string_view message, const About& about = {}) {
    write(Level::kDebug, event, message, about);
}
inline void info(std::string_view event, std::string_view message, const About& about = {}) {
    write(Level::kInfo, event, message, about);
}
inline void warning(std::string_view event, std::string_view message, const About& about = {}) {
    write(Level::kWarning, event, message, about);
}
inline void error(std::string_view event, std::string_view message, const About& about = {}) {
    write(Level::kError, event, message, about);
}

// Called in write() when the first event of a crowd is folded: write_folded() is due after
// kCrowdTime. Without it what was folded is told before the next event.
void on_folded(std::function<void()> wake);
// Tells what was folded and is due. True: more is not due yet, come again after kCrowdTime.
bool write_folded(std::chrono::steady_clock::time_point now = std::chrono::steady_clock::now());

// Called in write(), in the thread that calls this, when lines begin to be kept for a reader that
// is too slow: write_kept() is due after kKeptTime. Without it they wait for the next line.
void on_kept(std::function<void()> wake);
inline constexpr std::chrono::milliseconds kKeptTime{100};
// Writes what the reader takes now. True: something is left, come again after kKeptTime.
bool write_kept();
// At the end of the process: gives the reader so long to take what is kept.
void finish(std::chrono::milliseconds at_most);
std::uint64_t lines_dropped();

// The one line of a connection that has ended, for those who want it (`--log-connections`).
// Milliseconds; below 0: it never came to that.
struct ConnectionLine {
    std::string_view frontend;
    std::string_view client;   // its address
    std::string_view backend;  // the last one's address; empty: it had none
    std::string_view ended;    // HAProxy's two letters
    std::string_view why;      // the same in words
    double queued_ms = 0;      // HAProxy's Tw
    double connect_ms = -1;    // Tc
    double total_ms = 0;       // Tt
    std::uint64_t bytes_up = 0;
    std::uint64_t bytes_down = 0;
    unsigned tries = 0;  // backends that were dialed
};
void connection(const ConnectionLine& connection);

}  // namespace amba::log
