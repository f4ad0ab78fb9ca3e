#include "amba/app/app.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <map>

#include "amba/table/words.hpp"
#include "app/commands.hpp"

namespace amba::app {

namespace {

constexpr const char* kUsage =
    R"(amba: an ambassador. Listens beside a client and proxies TCP to a weighted list of backends.

Usage:
  amba run [TABLE]              start the ambassador; without a table it waits for one
  amba TABLE                    the same as run TABLE
  amba reconfigure TABLE        replace the table of a running ambassador, through its volume
  amba debugconfig TABLE        print the JSON that the table stands for
  amba showconfig               print the active table as JSON
  amba check [FILE]             validate a config file
  amba status [--json]          frontends, backends and their connections
  amba status --watch           the same, refreshed in place, with rates
  amba status --events          what happened lately
  amba healthcheck [--ready]    exit 0 when all is well, 1 when not
  amba --version                version, commit, libraries
  amba VERB --help              more on one of them
)"
#ifdef AMBA_FLEET
    R"(
With a Docker Engine:
  amba link [IN [OUT]]          a Compose file's links become ambassadors' addresses
  amba create                   an ambassador beside every container that has such an address
  amba configure                give every ambassador the containers of its service
  amba controller               keep both true, by the Engine's events
  amba ps                       who talks to what, through which ambassador
  amba weight SERVICE=A:90,B:10 parts of the traffic for versions of a service
  amba delete                   remove the ambassadors
)"
#endif
    R"(
TABLE:  FRONTEND [KEY=VALUE]... [BACKEND [KEY=VALUE]...]... [+ FRONTEND ...]
  FRONTEND is PORT, ADDRESS:PORT, [IPV6]:PORT or *:PORT
  BACKEND  is HOST PORT, HOST:PORT, [IPV6]:PORT, IPV6 PORT, or srv:NAME (SRV records)

Examples:
  amba run 127.127.0.2:6379 10.0.0.5 32768
  amba 80 www1 1234 www2:2345 weight=3
  amba reconfigure --wait 127.127.0.2:6379 redis1:6379 redis2:6379 + 127.127.0.3:80 web 80
)";

using Verb = int (*)(Arguments);

const std::map<std::string, Verb> kVerbs{{"run", command_run},
                                         {"reconfigure", command_reconfigure},
                                         {"debugconfig", command_debugconfig},
                                         {"showconfig", command_showconfig},
                                         {"check", command_check},
                                         {"status", command_status},
                                         {"healthcheck", command_healthcheck}};

#ifdef AMBA_FLEET
const std::map<std::string, Verb> kFleetVerbs{
    {"link", command_link},     {"create", command_create},
    {"delete", command_delete}, {"configure", command_configure},
    {"ps", command_ps},         {"controller", command_controller},
    {"weight", command_weight}};
#else
const std::map<std::string, Verb> kFleetVerbs;
#endif

// The verbs in a message, for who has misspelt one.
std::string verbs() {
    std::string all;
    for (const auto* some : {&kVerbs, &kFleetVerbs}) {
        for (const auto& [name, verb] : *some)
            all += name + ", ";
    }
    return all;
}

bool is_flag(const std::string& word, const char* a, const char* b) {
    return word == a || word == b;
}

// Where one of them is closed, the next thing that is opened would take its place, and a socket or
// the lock would get what is meant for stderr. With O_PATH every read and write still fails.
void hold_standard_descriptors() {
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        if (::fcntl(fd, F_GETFD) < 0) (void)::open("/", O_PATH);
    }
}

}  // namespace

int run(std::vector<std::string> arguments) {
    hold_standard_descriptors();
    arguments = table::split_words(std::move(arguments));
    if (arguments.empty() || is_flag(arguments[0], "--help", "-h") || arguments[0] == "help") {
        print(kUsage);
        return kDone;
    }
    if (is_flag(arguments[0], "--version", "-V")) return command_version();
    const auto verb = kVerbs.find(arguments[0]);
    if (verb != kVerbs.end()) {
        // A platform may pass "6379 10.0.0.1 32768" as one word after the verb.
        arguments.erase(arguments.begin());
        return verb->second(table::split_words(std::move(arguments)));
    }
    const auto fleet_verb = kFleetVerbs.find(arguments[0]);
    if (fleet_verb != kFleetVerbs.end()) {
        arguments.erase(arguments.begin());
        return fleet_verb->second(std::move(arguments));
    }
    // A table begins with a port or an address. What does not is a verb that was misspelt.
    const std::string& first = arguments[0];
    const bool option = first.starts_with("-");
    if (!option && first.find_first_of("0123456789:") == std::string::npos) {
        return fail(kWrong, "\"" + first + "\" is neither a verb nor a frontend; expected one of " +
                                verbs() + "or a table such as 6379 HOST PORT");
    }
    return command_run(std::move(arguments));
}

void VolumeOptions::add(CLI::App& app) {
    app.add_option("--dir", directory, "The volume shared with the ambassador [/run/amba]")
        ->envname("AMBA_DIR")
        ->type_name("DIR");
    app.add_option("--state-dir", state, "Where the daemon writes its files [as --dir]")
        ->envname("AMBA_STATE")
        ->type_name("DIR");
}

void LogOptions::add(CLI::App& app) {
    static const std::map<std::string, log::Level> kLevels{{"debug", log::Level::kDebug},
                                                           {"info", log::Level::kInfo},
                                                           {"warning", log::Level::kWarning},
                                                           {"error", log::Level::kError}};
    static const std::map<std::string, log::Format> kFormats{{"text", log::Format::kText},
                                                             {"json", log::Format::kJson}};
    app.add_option("--log-level", level, "debug, info, warning or error [info]")
        ->transform(CLI::CheckedTransformer(kLevels))
        ->type_name("LEVEL");
    app.add_option("--log-format", format, "text or json [text]")
        ->transform(CLI::CheckedTransformer(kFormats))
        ->type_name("FORMAT");
}

std::optional<int> parse(CLI::App& app, const Arguments& arguments) {
    // CLI11 takes the arguments from the back.
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
    try {
        app.parse(std::move(reversed));
        return std::nullopt;
    } catch (const CLI::CallForHelp&) {
        print(app.help());
        return kDone;
    } catch (const CLI::ParseError& error) {
        return fail(kWrong, std::string(error.what()) + "; see amba " + app.get_name() + " --help");
    }
}

core::Result<admin::Response> ask(const volume::Paths& paths, const std::string& method,
                                  const std::string& target, core::Duration time,
                                  const std::function<bool()>& given_up) {
    auto answer = admin::ask(paths.socket(), method, target, time, given_up);
    const std::string hidden = paths.hidden_socket();
    if (answer || hidden.empty()) return answer;
    auto second = admin::ask(hidden, method, target, time, given_up);
    return second ? second : answer;
}

core::Result<std::string> read_stdin() {
    std::string text;
    char chunk[65536];
    std::size_t got = 0;
    while ((got = std::fread(chunk, 1, sizeof chunk, stdin)) > 0) {
        text.append(chunk, got);
        if (text.size() > table::kMaxDocumentBytes) {
            return core::error("standard input is larger than 64 MB");
        }
    }
    if (std::ferror(stdin)) return core::error("standard input cannot be read");
    return text;
}

void print(const std::string& text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
}

int fail(int code, const std::string& reason) {
    const std::string line = "amba: " + reason + "\n";
    std::fwrite(line.data(), 1, line.size(), stderr);
    return code;
}

}  // namespace amba::app
