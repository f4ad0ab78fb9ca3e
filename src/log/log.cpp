// From an event to a line on stderr, and to what the process remembers.
#include "amba/log/log.hpp"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "amba/core/duration.hpp"
#include "amba/core/text.hpp"
#include "amba/log/recorder.hpp"
#include "amba/log/wall_clock.hpp"
#include "log/folding.hpp"
#include "log/lines.hpp"
#include "log/writer.hpp"

namespace amba::log {

namespace {

Format g_format = Format::kText;

// Where lines end: stderr, by one thread at a time.
class Sink final : public spdlog::sinks::base_sink<std::mutex> {
  public:
    template <typename Use>
    auto with_writer(const Use& use) {
        const std::lock_guard lock(mutex_);
        return use(writer_);
    }
    // The number of dropped lines that no line has told of yet; 0 while none can be written.
    std::uint64_t take_untold() {
        const std::lock_guard lock(mutex_);
        if (!writer_.flows()) return 0;
        return writer_.dropped() - std::exchange(told_, writer_.dropped());
    }

  private:
    void sink_it_(const spdlog::details::log_msg& message) override {
        spdlog::memory_buf_t line;
        formatter_->format(message, line);
        writer_.write({line.data(), line.size()});
    }
    void flush_() override {}

    Writer writer_{STDERR_FILENO};
    std::uint64_t told_ = 0;
};

// Both are made on first use, so that an error before configure() is not lost.
const std::shared_ptr<Sink>& sink() {
    static const auto instance = std::make_shared<Sink>();
    return instance;
}

spdlog::logger& logger() {
    static const std::shared_ptr<spdlog::logger> instance = [] {
        auto made = std::make_shared<spdlog::logger>("amba", sink());
        made->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
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
    return core::printable_json(
        nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

std::string one_line(std::string_view event, std::string_view message, const About& about) {
    if (g_format == Format::kJson) {
        return "\"event\":" + quoted(event) + member("frontend", about.frontend) +
               member("backend", about.backend) + ",\"message\":" + quoted(message);
    }
    return std::string(event) + ": " + printable(message);
}

std::uint32_t hash_of(std::string_view text, std::string_view more) {
    const std::hash<std::string_view> hash;
    return static_cast<std::uint32_t>(hash(text) * 31 + hash(more));
}

// A call for later, and the thread that asked for it. Only that thread may make it, as the call
// sets a timer of its loop.
struct Later {
    std::function<void()> wake;
    std::thread::id thread;
    void ask(std::function<void()> new_wake) {
        wake = std::move(new_wake);
        thread = std::this_thread::get_id();
    }
    bool here() const { return wake && thread == std::this_thread::get_id(); }
};

// What the process remembers of its events. Events come from the loop, and now and then from a
// thread beside it.
struct Memory {
    std::mutex mutex;
    Recorder recorder;
    Folding folding;
    Later folded;
    Later kept;
    bool kept_told = false;  // of the loop's thread
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

// Tells the reader of the log how many lines it missed, as soon as it reads again.
void tell_dropped() {
    const std::uint64_t lines = sink()->take_untold();
    if (lines == 0) return;
    tell(Level::kWarning, "log",
         std::to_string(lines) + (lines == 1 ? " line was" : " lines were") +
             " dropped here: what reads this log did not take them",
         {});
}

}  // namespace

Format format() {
    return g_format;
}

void put(Level level, const std::string& line) {
    logger().log(to_spdlog(level), spdlog::string_view_t(line.data(), line.size()));
    const bool keeps = sink()->with_writer([](const Writer& writer) { return writer.keeps(); });
    if (keeps && memory().kept.here() && !std::exchange(memory().kept_told, true)) {
        memory().kept.wake();
    }
    tell_dropped();
}

std::string member(const char* name, std::string_view text) {
    return text.empty() ? std::string() : ",\"" + std::string(name) + "\":" + quoted(text);
}

std::string printable(std::string_view text) {
    return core::printable(text);
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
    if (begins_to_fold && memory().folded.here()) memory().folded.wake();
    if (!memory().folded.wake) write_folded();
    if (admitted) tell(level, event, message, about);
}

void on_folded(std::function<void()> wake) {
    memory().folded.ask(std::move(wake));
}

void on_kept(std::function<void()> wake) {
    memory().kept.ask(std::move(wake));
}

bool write_kept() {
    memory().kept_told = sink()->with_writer([](Writer& writer) {
        writer.write_kept();
        return writer.keeps();
    });
    tell_dropped();
    return memory().kept_told;
}

void finish(std::chrono::milliseconds at_most) {
    sink()->with_writer([at_most](Writer& writer) { writer.finish(at_most); });
    tell_dropped();
}

std::uint64_t lines_dropped() {
    return sink()->with_writer([](const Writer& writer) { return writer.dropped(); });
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
