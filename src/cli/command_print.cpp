// debugconfig, showconfig and check: what a table is, without touching a running ambassador.
#include <CLI/CLI.hpp>

#include "amba/core/text.hpp"
#include "amba/table/json.hpp"
#include "amba/table/words.hpp"
#include "cli/commands.hpp"

namespace amba::cli {

int command_debugconfig(Arguments arguments) {
    CLI::App app("Print the JSON that a table stands for. Touches nothing.", "debugconfig");
    Arguments words;
    app.add_option("TABLE", words, "FRONTEND [KEY=VALUE]... [BACKEND [KEY=VALUE]...]... [+ ...]");
    app.footer("Example:\n  amba debugconfig 127.127.0.2:6379 redis1 6379 redis2:6379 weight=3");
    if (const auto code = parse(app, std::move(arguments))) return *code;
    if (words.empty()) return fail(kWrong, "expected a TABLE; see amba debugconfig --help");
    const auto table = table::parse_words(table::split_words(words));
    if (!table) return fail(kWrong, table.error().reason);
    print(core::printable_json(table::to_json(*table)));
    return kDone;
}

int command_showconfig(Arguments arguments) {
    CLI::App app("Print the active table as JSON, as reconfigure --file - takes it back.",
                 "showconfig");
    VolumeOptions volume;
    volume.add(app);
    app.footer("Example:\n  amba showconfig | amba reconfigure --wait --file -");
    if (const auto code = parse(app, std::move(arguments))) return *code;
    const volume::Paths paths = volume.paths();
    // The daemon knows better than the file when the volume could not be written.
    const auto answer = ask(paths, "GET", "/config", std::chrono::seconds(5));
    if (answer && answer->status == 200) {
        print(core::printable_json(answer->body));
        return kDone;
    }
    const auto active = volume::read_active(paths);
    if (!active) return fail(kFailed, active.error().reason);
    if (!*active) {
        return fail(kFailed, "no active table: there is no " + paths.active() + ", and " +
                                 (answer ? "the ambassador waits for its first table"
                                         : answer.error().reason));
    }
    print(core::printable_json(
        table::to_json((*active)->table, {(*active)->revision, (*active)->generation})));
    return kDone;
}

int command_check(Arguments arguments) {
    CLI::App app("Validate a config file. Errors are FILE:LINE:COLUMN: JSON-POINTER: reason.",
                 "check");
    VolumeOptions volume;
    volume.add(app);
    std::string file;
    bool schema = false;
    app.add_option("FILE", file, "The file, or - for standard input [config.json of the volume]");
    app.add_flag("--schema", schema, "Print the JSON Schema of config.json and exit");
    app.footer("Example:\n  amba check /run/amba/config.json");
    if (const auto code = parse(app, std::move(arguments))) return *code;
    if (schema) {
        print(std::string(table::json_schema()));
        return kDone;
    }
    if (file.empty()) file = volume.paths().config();
    std::string text;
    if (file == "-") {
        auto read = read_stdin();
        if (!read) return fail(kFailed, read.error().reason);
        text = std::move(*read);
    } else {
        auto content = files::read_file(file);
        if (!content) return fail(kFailed, content.error().reason);
        if (!*content) return fail(kFailed, "cannot read " + file + ": there is no such file");
        text = std::move((*content)->bytes);
    }
    const auto document = table::parse_json(text);
    if (!document) {
        warn(file + ":" + document.error().to_string() + "\n");
        return kWrong;
    }
    std::size_t backends = 0;
    for (const auto& frontend : document->table.frontends)
        backends += frontend.backends.size();
    print(file + ": ok, " + std::to_string(document->table.frontends.size()) + " frontend(s), " +
          std::to_string(backends) + " backend(s)\n");
    return kDone;
}

}  // namespace amba::cli
