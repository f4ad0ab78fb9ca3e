#include "amba/log/log.hpp"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <functional>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>

#include "amba/core/duration.hpp"
#include "amba/log/recorder.hpp"
#include "log/folding.hpp"
#include "log/lines.hpp"

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

std::string one_line(std::string_view event, std::string_view message, const About& about) {
    if (g_format == Format::kJson) {
        return "\"event\":" + quoted(event) + member("frontend", about.frontend) +
               member("backend", about.backend) + ",\"message\":" + quoted(message);
    }
    return std::string(event) + ": " + printable(message);
}

std::int64_t now_us() {
    using namespace std::chrono;
    return duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
}

std::uint32_t hash_of(std::string_view text, std::string_view more) {
    const std::hash<std::string_view> hash;
    return static_cast<std::uint32_t>(hash(text) * 31 + hash(more));
}

// What the process remembers of its events. Events come from the loop, and now and then from a
// thread beside it.
struct Memory {
    std::mutex mutex;
    Recorder recorder;
    Folding folding;
    std::function<void()> wake;
};

Memory& memory() {
    static Memory instance;
    return instance;
}

void remember(Level level, std::string_view event, std::string_view message, const About& about) {
    const Recorder::Key key{hash_of(about.frontend, about.backend), hash_of(event, message)};
    if (!repeated(key)) record({level, event, about.frontend, about.backend, "", message}, key);
}

void tell(Level level, std::string_view event, std::string_view message, const About& about) {
    if (level >= Level::kInfo) remember(level, event, message, about);
    if (logger().should_log(to_spdlog(level))) put(level, one_line(event, message, about));
}

}  // namespace

Format format() {
    return g_format;
}

void put(Level level, const std::string& line) {
    logger().log(to_spdlog(level), spdlog::string_view_t(line.data(), line.size()));
}

std::string member(const char* name, std::string_view text) {
    return text.empty() ? std::string() : ",\"" + std::string(name) + "\":" + quoted(text);
}

std::string printable(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (static_cast<unsigned char>(c) < 0x20) c = ' ';
    }
    return out;
}

void configure(Format format, Level level) {
    g_format = format;
    logger().set_level(to_spdlog(level));
    if (format == Format::kJson) {
        logger().set_pattern("{\"time\":\"%Y-%m-%dT%H:%M:%S.%e%z\",\"level\":\"%l\",%v}");
    }
}

void write(Level level, std::string_view event, std::string_view message, const About& about) {
    bool admitted = about.frontend.empty() && about.backend.empty();
    bool begins_to_fold = false;
    {
        const std::lock_guard lock(memory().mutex);
        Folding& folding = memory().folding;
        const bool folded = folding.folds();
        admitted = admitted || folding.admit(level, event, about.frontend, core::Clock::now());
        begins_to_fold = !folded && folding.folds();
    }
    if (begins_to_fold && memory().wake) memory().wake();
    if (!memory().wake) write_folded();
    if (admitted) tell(level, event, message, about);
}

void on_folded(std::function<void()> wake) {
    memory().wake = std::move(wake);
}

bool write_folded(core::Time now) {
    std::vector<Folding::Folded> due;
    bool more = false;
    {
        const std::lock_guard lock(memory().mutex);
        due = memory().folding.due(now);
        more = memory().folding.folds();
    }
    for (const Folding::Folded& folded : due) {
        tell(folded.level, folded.event,
             "and " + std::to_string(folded.count) + " more such" +
                 (folded.frontend.empty() ? "" : " of frontend " + folded.frontend) + " in " +
                 std::to_string(kCrowdTime.count()) + "s",
             {folded.frontend, ""});
    }
    return more;
}

bool repeated(Recorder::Key key) {
    const std::lock_guard lock(memory().mutex);
    return memory().recorder.repeat(key, now_us());
}

void record(const Recorder::Entry& entry, Recorder::Key key) {
    const std::lock_guard lock(memory().mutex);
    memory().recorder.add(entry, key, now_us());
}

std::vector<Event> last_events(std::size_t most) {
    const std::lock_guard lock(memory().mutex);
    return memory().recorder.last(most);
}

}  // namespace amba::log
