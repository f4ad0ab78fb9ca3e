// reconfigure: writes the wanted table into the volume and has the daemon judge it.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <limits>
#include <thread>
#include <variant>

#include "amba/files/digest.hpp"
#include "amba/files/id.hpp"
#include "amba/table/diff.hpp"
#include "amba/table/json.hpp"
#include "amba/table/words.hpp"
#include "cli/commands.hpp"
#include "cli/standing.hpp"

namespace amba::cli {

namespace {

using namespace std::chrono_literals;
using core::Duration;
using core::Result;

constexpr int kLockSeconds = 5;
constexpr Duration kNotifyTime = 2s;  // without --wait the answer does not matter
constexpr Duration kSettle = 5s;      // what stands is judged before a merge builds on it
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
    app.add_flag("--dry-run", options.dry_run,
                 "Say what the same without it would do; write nothing");
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
        auto content = files::read_file(options.file);
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
        text += "frontend " + one.frontend + " " + volume::waiting_words(one.until) + "\n";
    print(text);
    return waits && !verdict.unresolved.empty() ? kUnresolved : kDone;
}

// The config.json that this command has written.
struct WrittenTable {
    std::string revision;
    volume::ConfigState seen;
    table::Table update;  // what --merge asked for
};

std::string judge_request(const WrittenTable& written) {
    return "/reload?revision=" + written.revision + "&sha256=" + written.seen.digest;
}

// Another file is there now. What a merge asked for may be in that one too.
int superseded(const Options& options, const WrittenTable& written, const std::string& by) {
    if (options.merge && in_effect(options.volume.paths(), written.update)) {
        print("in effect; " + by + "\n");
        return kDone;
    }
    return fail(kFailed, by);
}

// Asks the daemon, and looks into verdict.json where there is no socket, until there is a verdict
// on the file that was written, another writer's file took its place, or the time is up.
int wait_for_verdict(const Options& options, const WrittenTable& written, Duration time) {
    const volume::Paths paths = options.volume.paths();
    const auto until = core::Clock::now() + time;
    std::string silence = "no ambassador answers on " + paths.socket();
    for (;;) {
        const auto left = std::chrono::duration_cast<Duration>(until - core::Clock::now());
        if (left <= 0ms) break;
        const auto answer = ask(paths, "POST", judge_request(written), left);
        if (answer && answer->status == 200) {
            if (const auto verdict = volume::parse_verdict(answer->body)) {
                return say_verdict(*verdict);
            }
        }
        if (answer && answer->status == 409) return superseded(options, written, answer->body);
        silence = answer ? "the ambassador answered: " + answer->body : answer.error().reason;
        const auto file = files::read_file(paths.verdict());
        if (file && *file) {
            const auto verdict = volume::parse_verdict((*file)->bytes);
            if (verdict && verdict->digest == written.seen.digest) return say_verdict(*verdict);
        }
        const auto now = volume::look_at_config(paths, written.seen);
        // A merge may come into effect by the other file yet.
        if (now.news == volume::ConfigNews::kChanged && !options.merge) {
            return fail(kFailed, "superseded by " + now.wanted.revision);
        }
        std::this_thread::sleep_for(kLookAgain);
    }
    return fail(kFailed, "no verdict within " + core::to_string(time) + ": " + silence + "; " +
                             paths.config() + " stays and is read when one starts");
}

// Tells the user what the new table no longer has, as it replaces the whole table that stands.
std::string what_goes(const table::Table& before, const table::Table& after) {
    using Kind = table::Change::Kind;
    std::string out;
    for (const table::Change& change : table::diff(before, after)) {
        if (change.kind == Kind::kFrontendRemoved) out += to_string(change) + "\n";
        // A table of words never has an admin address.
        if (change.kind == Kind::kAdmin && change.to.empty()) {
            out += "admin " + change.from + " removed (--merge keeps it)\n";
        }
    }
    return out;
}

// What --if-generation says against the table that stands; empty: nothing.
std::string objection(const Options& options, const StandingTable& standing) {
    if (options.if_generation < 0) return {};
    if (standing.pending) {
        return options.volume.paths().config() +
               " holds a table that no ambassador has judged yet, and what its generation will be "
               "is not known; nothing was written";
    }
    if (standing.generation == static_cast<std::uint64_t>(options.if_generation)) return {};
    return "the active table has generation " + std::to_string(standing.generation) + ", not " +
           std::to_string(options.if_generation) + "; nothing was written";
}

// The table to write, and its text; or why there is none.
struct TableText {
    table::Table table;
    std::string text;
    std::string wrong;
};
TableText prepare(const Options& options, const StandingTable& standing, const table::Table& update,
                  const std::string& revision) {
    TableText out;
    out.table = options.merge ? merged(standing.table, update) : update;
    table::Stamp stamp{revision, std::nullopt};
    if (options.if_generation >= 0) {
        stamp.if_generation = static_cast<std::uint64_t>(options.if_generation);
    }
    out.text = table::to_json(out.table, stamp);
    // Read back, because a merge may put together what does not go together.
    if (const auto again = table::parse_json(out.text); !again) {
        out.wrong = again.error().pointer + ": " + again.error().reason + "; nothing was changed";
    }
    return out;
}

int dry_run(const Options& options, const table::Table& update) {
    const StandingTable standing = stands_now(options.volume.paths());
    if (const std::string why = objection(options, standing); !why.empty()) {
        return fail(kFailed, why);
    }
    const TableText made = prepare(options, standing, update, "dry-run");
    if (!made.wrong.empty()) return fail(kWrong, made.wrong);
    std::size_t backends = 0;
    for (const auto& frontend : made.table.frontends)
        backends += frontend.backends.size();
    print("valid: " + std::to_string(made.table.frontends.size()) + " frontend(s), " +
          std::to_string(backends) + " backend(s); nothing was written\n" +
          table::summary(table::diff(standing.table, made.table), 1000) + "\n");
    return kDone;
}

// Under the lock, so that a writer sees what the one before it has written.
std::variant<WrittenTable, int> write(const Options& options, table::Table update) {
    const volume::Paths paths = options.volume.paths();
    const auto lock = volume::lock_writers(paths, kLockSeconds);
    if (!lock) return fail(kFailed, lock.error().reason);
    const bool depends = options.merge || options.if_generation >= 0;
    const StandingTable standing =
        depends ? settle(paths, std::max(kSettle, options.wait_for)) : written_last(paths);
    if (const std::string why = objection(options, standing); !why.empty()) {
        return fail(kFailed, why);
    }
    WrittenTable written;
    written.revision = files::random_id();
    const TableText made = prepare(options, standing, update, written.revision);
    if (!made.wrong.empty()) return fail(kWrong, made.wrong);
    if (const auto wrote = files::write_file(paths.config(), made.text); !wrote) {
        return fail(kFailed, wrote.error().reason);
    }
    written.seen.digest = files::hex(files::sha256(made.text));
    written.update = std::move(update);
    print(what_goes(standing.table, made.table));
    return written;
}

int write_and_ask(const Options& options, table::Table update) {
    const volume::Paths paths = options.volume.paths();
    const auto wrote = write(options, std::move(update));
    if (const int* code = std::get_if<int>(&wrote)) return *code;
    const WrittenTable& written = std::get<WrittenTable>(wrote);
    if (options.waits) return wait_for_verdict(options, written, options.wait_for);
    const auto answer = ask(paths, "POST", judge_request(written), kNotifyTime);
    if (!answer) {
        print("written to " + paths.config() + "; no ambassador answers there now (" +
              answer.error().reason + "), the next one to start reads it\n");
        return kDone;
    }
    // A verdict that comes at once is told; nobody waits for one.
    if (const auto verdict = volume::parse_verdict(answer->body)) {
        return say_verdict(*verdict, false);
    }
    // A user who set a condition wants to know whether it was met.
    const bool lost = options.if_generation >= 0 && answer->status == 409;
    return lost ? fail(kFailed, answer->body) : kDone;
}

}  // namespace

int command_reconfigure(Arguments arguments) {
    CLI::App app("Replace the table of a running ambassador, through the volume they share.",
                 "reconfigure");
    Options options;
    declare(app, options);
    if (const auto code = parse(app, with_default_wait(std::move(arguments)))) return *code;
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
    if (options.dry_run) return dry_run(options, table);
    return write_and_ask(options, std::move(table));
}

}  // namespace amba::cli
