// reconfigure: writes the wanted table into the volume and knocks.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <limits>
#include <thread>
#include <variant>

#include "amba/table/diff.hpp"
#include "amba/table/json.hpp"
#include "amba/table/words.hpp"
#include "app/commands.hpp"

namespace amba::app {

namespace {

using namespace std::chrono_literals;
using core::Duration;
using core::Result;

constexpr int kLockSeconds = 5;
constexpr Duration kKnock = 2s;  // without --wait the answer does not matter
constexpr auto kLookAgain = 10ms;

struct Options {
    VolumeOptions volume;
    Arguments words;
    std::string file;
    std::string wait;
    bool waits = false;
    Duration wait_for{0};
    bool merge = false;
    bool dry_run = false;
    std::int64_t if_generation = -1;
};

// --wait takes its time only behind "=": the next word is the table's.
Arguments with_default_wait(Arguments arguments) {
    for (std::string& word : arguments) {
        if (word == "--wait") word = "--wait=5s";
    }
    return arguments;
}

void declare(CLI::App& app, Options& options) {
    options.volume.add(app);
    app.add_option("TABLE", options.words,
                   "FRONTEND [KEY=VALUE]... [BACKEND [KEY=VALUE]...]... [+ ...]");
    app.add_option("--file", options.file, "Take the table from a JSON file, or - for stdin")
        ->type_name("FILE");
    app.add_option("--wait", options.wait, "Wait for the ambassador's verdict [5s]")
        ->type_name("=TIME");
    app.add_flag("--merge", options.merge, "Replace only the frontends that are named");
    add_number(app, "--if-generation", options.if_generation, 0,
               std::numeric_limits<std::int64_t>::max(),
               "Write only when the active table has this generation");
    app.add_flag("--dry-run", options.dry_run, "Validate and say what would change; write nothing");
    app.footer(
        "Exit codes with --wait: 0 applied; 1 rejected, or no verdict; 2 wrong; 3 applied, and "
        "names\n"
        "of the table do not resolve so far: what is printed says which frontends keep their old\n"
        "backends until they do.\n\nExample:\n  docker run --rm --volumes-from amba amba "
        "reconfigure --wait "
        "127.127.0.2:6379 redis1 6379 redis2:6379");
}

// "--wait 10s TABLE": the time is taken for the table's first word, and no frontend looks like one.
std::optional<std::string> time_without_sign(const Options& options) {
    if (!options.waits || options.words.empty()) return std::nullopt;
    const std::string& first = options.words.front();
    if (!core::parse_duration(first)) return std::nullopt;
    return core::quote(first) + " is a time and no frontend; expected --wait=" + first;
}

// The table that was asked for, or the exit code of a wrong one.
std::variant<table::Table, int> wanted_table(const Options& options) {
    if (options.words.empty() == options.file.empty()) {
        return fail(kWrong, options.file.empty()
                                ? "expected a table or --file FILE; see amba reconfigure --help"
                                : "\"" + options.words.front() +
                                      "\": a table and --file exclude each other");
    }
    if (options.file.empty()) {
        auto table = table::parse_words(table::split_words(options.words));
        if (!table) return fail(kWrong, table.error().reason + "; nothing was changed");
        return std::move(*table);
    }
    std::string text;
    if (options.file == "-") {
        auto read = read_stdin();
        if (!read) return fail(kFailed, read.error().reason);
        text = std::move(*read);
    } else {
        auto content = volume::read_file(options.file);
        if (!content) return fail(kFailed, content.error().reason);
        if (!*content) return fail(kFailed, "cannot read " + options.file + ": no such file");
        text = std::move((*content)->bytes);
    }
    auto document = table::parse_json(text);
    if (!document) {
        return fail(kWrong,
                    options.file + ":" + document.error().to_string() + "; nothing was changed");
    }
    return std::move(document->table);
}

// The table that a new one replaces: the one written last, when it may still be judged or was
// accepted; otherwise the active one.
table::Table standing_table(const volume::Paths& paths) {
    auto active = volume::read_active(paths);
    const bool has_active = active && *active;
    volume::Seen before;
    if (has_active) before.digest = (*active)->judged;
    auto look = volume::look_at_config(paths, before);
    const auto told = volume::read_file(paths.verdict());
    const auto verdict = told && *told ? volume::parse_verdict((*told)->bytes) : std::nullopt;
    const bool rejected = verdict && verdict->digest == look.seen.digest && !verdict->applied;
    if (look.wanted.table && !(rejected && has_active)) return std::move(*look.wanted.table);
    return has_active ? std::move((*active)->table) : table::Table{};
}

table::Table merged(table::Table base, const table::Table& update) {
    for (const table::Frontend& frontend : update.frontends) {
        const auto at = std::find_if(base.frontends.begin(), base.frontends.end(),
                                     [&](const auto& f) { return f.bind == frontend.bind; });
        if (at == base.frontends.end())
            base.frontends.push_back(frontend);
        else
            *at = frontend;
    }
    if (update.admin) base.admin = update.admin;
    return base;
}

// Only those who wait are told by the exit code what does not resolve yet.
int say_verdict(const volume::Verdict& verdict, bool waits = true) {
    if (!verdict.applied) return fail(kFailed, "rejected: " + verdict.reason);
    std::string text = "applied as generation " + std::to_string(verdict.generation);
    if (!verdict.saved) text += ", but not saved: it is lost with the next restart";
    text += "\n";
    for (const std::string& name : verdict.unresolved) {
        text += "unresolved so far: " + name + "\n";
    }
    for (const auto& one : verdict.waiting)
        text += "frontend " + one.frontend + " " + waiting_words(one.until) + "\n";
    print(text);
    return waits && !verdict.unresolved.empty() ? kUnresolved : kDone;
}

// Knocks, and looks into verdict.json where there is no socket, until there is a verdict on
// the file that was written, another writer's file took its place, or the time is up.
int wait_for_verdict(const volume::Paths& paths, const std::string& reload,
                     const volume::Seen& written, Duration time) {
    const auto until = core::Clock::now() + time;
    std::string silence = "no ambassador answers on " + paths.socket();
    for (;;) {
        const auto left = std::chrono::duration_cast<Duration>(until - core::Clock::now());
        if (left <= 0ms) break;
        const auto answer = ask(paths, "POST", reload, left);
        if (answer && answer->status == 200) {
            if (const auto verdict = volume::parse_verdict(answer->body)) {
                return say_verdict(*verdict);
            }
        }
        if (answer && answer->status == 409) return fail(kFailed, answer->body);
        silence = answer ? "the ambassador answered: " + answer->body : answer.error().reason;
        const auto file = volume::read_file(paths.verdict());
        if (file && *file) {
            const auto verdict = volume::parse_verdict((*file)->bytes);
            if (verdict && verdict->digest == written.digest) return say_verdict(*verdict);
        }
        if (const auto now = volume::look_at_config(paths, written);
            now.news == volume::News::kChanged) {
            return fail(kFailed, "superseded by " + now.wanted.revision);
        }
        std::this_thread::sleep_for(kLookAgain);
    }
    return fail(kFailed, "no verdict within " + core::to_string(time) + ": " + silence + "; " +
                             paths.config() + " stays and is read when one starts");
}

// What goes, for the user to see: a table replaces the whole one that stands.
std::string farewell(const table::Table& before, const table::Table& after) {
    std::string out;
    for (const std::string& change : table::diff(before, after)) {
        if (change.starts_with("frontend ") && change.ends_with(" removed") &&
            change.find(": backend ") == std::string::npos) {
            out += change + "\n";
        }
    }
    // A table of words has none.
    if (before.admin && !after.admin) {
        out += "admin " + before.admin->to_string() + " removed (--merge keeps it)\n";
    }
    return out;
}

int write_and_knock(const Options& options, table::Table table) {
    const volume::Paths paths = options.volume.paths();
    auto lock = volume::lock_writers(paths, kLockSeconds);
    if (!lock) return fail(kFailed, lock.error().reason);
    if (options.if_generation >= 0) {
        const auto active = volume::read_active(paths);
        const std::uint64_t generation = active && *active ? (*active)->generation : 0;
        if (generation != static_cast<std::uint64_t>(options.if_generation)) {
            return fail(kFailed, "the active table has generation " + std::to_string(generation) +
                                     ", not " + std::to_string(options.if_generation) +
                                     "; nothing was written");
        }
    }
    const table::Table before = standing_table(paths);
    if (options.merge) table = merged(before, table);
    const std::string revision = volume::random_id();
    // Read back, because a merge may put together what does not go together.
    const std::string text = table::to_json(table, {revision, std::nullopt});
    if (const auto again = table::parse_json(text); !again) {
        return fail(kWrong,
                    again.error().pointer + ": " + again.error().reason + "; nothing was changed");
    }
    if (const auto wrote = volume::write_file(paths.config(), text); !wrote) {
        return fail(kFailed, wrote.error().reason);
    }
    volume::Seen written;
    written.digest = volume::sha256(text);
    const std::string reload = "/reload?revision=" + revision + "&sha256=" + written.digest;
    *lock = net::Descriptor();  // the next writer may go on
    print(farewell(before, table));
    if (options.waits) return wait_for_verdict(paths, reload, written, options.wait_for);
    const auto answer = ask(paths, "POST", reload, kKnock);
    if (!answer) {
        print("written to " + paths.config() + "; no ambassador answers there now (" +
              answer.error().reason + "), the next one to start reads it\n");
        return kDone;
    }
    // A verdict that comes at once is told; nobody waits for one.
    const auto verdict = volume::parse_verdict(answer->body);
    return verdict ? say_verdict(*verdict, false) : kDone;
}

}  // namespace

int command_reconfigure(Arguments arguments) {
    CLI::App app("Replace the table of a running ambassador, through the volume they share.",
                 "reconfigure");
    Options options;
    declare(app, options);
    if (const auto code = parse(app, with_default_wait(arguments))) return *code;
    if (app.count("--wait") > 0) {
        const auto time = core::parse_duration(options.wait);
        if (!time) return fail(kWrong, "--wait: " + time.error().reason);
        options.waits = true;
        options.wait_for = *time;
    }
    if (const auto wrong = time_without_sign(options)) return fail(kWrong, *wrong);
    auto wanted = wanted_table(options);
    if (const int* code = std::get_if<int>(&wanted)) return *code;
    table::Table& table = std::get<table::Table>(wanted);
    if (options.dry_run) {
        std::size_t backends = 0;
        for (const auto& frontend : table.frontends)
            backends += frontend.backends.size();
        print("valid: " + std::to_string(table.frontends.size()) + " frontend(s), " +
              std::to_string(backends) + " backend(s); nothing was written\n" +
              table::summary(table::diff(standing_table(options.volume.paths()), table), 1000) +
              "\n");
        return kDone;
    }
    return write_and_knock(options, std::move(table));
}

}  // namespace amba::app
