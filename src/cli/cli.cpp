// From words to a verb: what may stand before it, help, and what a wrong command line is told.
#include "amba/cli/cli.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <map>
#include <set>

#include "amba/core/text.hpp"
#include "amba/table/words.hpp"
#include "cli/commands.hpp"

namespace amba::cli {

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
  amba help VERB                more on one of them (amba VERB --help)
  amba help table               the grammar of TABLE, and every KEY with its default
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
                                         {"healthcheck", command_healthcheck},
                                         {"batch", command_batch},
                                         {"listeners", command_listeners}};

#ifdef AMBA_FLEET
const std::map<std::string, Verb> kFleetVerbs{
    {"link", command_link},     {"create", command_create},
    {"delete", command_delete}, {"configure", command_configure},
    {"ps", command_ps},         {"controller", command_controller},
    {"weight", command_weight}};
#else
const std::map<std::string, Verb> kFleetVerbs;
#endif

std::vector<std::string> verbs() {
    std::vector<std::string> all;
    for (const auto* some : {&kVerbs, &kFleetVerbs}) {
        for (const auto& [name, verb] : *some)
            all.push_back(name);
    }
    return all;
}

// The verbs as a message lists them, for somebody who has misspelt one.
std::string listed(const std::vector<std::string>& words) {
    std::string all;
    for (const std::string& word : words)
        all += word + ", ";
    return all;
}

Verb verb_of(const std::string& word) {
    for (const auto* some : {&kVerbs, &kFleetVerbs}) {
        if (const auto found = some->find(word); found != some->end()) return found->second;
    }
    return nullptr;
}

// A platform may pass "6379 10.0.0.1 32768" as one word after the verb.
bool has_table(const std::string& verb) {
    return verb == "run" || verb == "reconfigure" || verb == "debugconfig";
}

// Options whose value may be the next word.
bool takes_next(const std::string& word) {
    static const std::set<std::string> kNames{
        "--admin",     "--dir",      "--drain-timeout", "--file",      "--host",
        "--image",     "--interval", "--if-generation", "--limit",     "--log-format",
        "--log-level", "--ports",    "--project",       "--tls-certs", "--state-dir",
        "-p",          "-f",         "--compose-file",  "--suffix"};
    return kNames.contains(word);
}

// Options may stand before the verb ("amba --dir /x status"): the verb comes to the front. A word
// that is an option's value is no verb, and behind a table's first word none is looked for.
void bring_verb_forward(std::vector<std::string>& arguments) {
    std::size_t at = 0;
    while (at < arguments.size() && arguments[at].starts_with("-"))
        at += takes_next(arguments[at]) ? 2 : 1;
    if (at == 0 || at >= arguments.size() || !verb_of(arguments[at])) return;
    std::rotate(arguments.begin(), arguments.begin() + static_cast<std::ptrdiff_t>(at),
                arguments.begin() + static_cast<std::ptrdiff_t>(at) + 1);
}

int help(const std::vector<std::string>& topics) {
    if (topics.empty()) {
        print(kUsage);
        return kDone;
    }
    const std::string& topic = topics.front();
    if (topics.size() > 1) {
        return fail(kWrong, core::quote(topics[1]) + " after help " + topic +
                                ": expected one topic; see amba help");
    }
    if (topic == "table") {
        print(table::help());
        return kDone;
    }
    if (const Verb verb = verb_of(topic)) return verb({"--help"});
    return fail(kWrong, core::quote(topic) + " is no topic of help; expected one of " +
                            listed(verbs()) + "or table");
}

// Takes what this thread prints in place of the terminal; null: the terminal has it.
thread_local Output* captured = nullptr;

std::atomic<int> output_error = 0;  // errno of the first write to standard output that failed

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

int run_verb(Arguments arguments) {
    arguments = table::split_words(std::move(arguments), verbs());
    if (arguments.empty() || is_flag(arguments[0], "--help", "-h")) return help({});
    if (arguments[0] == "help") return help({arguments.begin() + 1, arguments.end()});
    if (is_flag(arguments[0], "--version", "-V")) return command_version();
    bring_verb_forward(arguments);
    if (const Verb verb = verb_of(arguments[0])) {
        const bool splits = has_table(arguments[0]);
        arguments.erase(arguments.begin());
        if (splits) arguments = table::split_words(std::move(arguments));
        return verb(std::move(arguments));
    }
    // A table begins with a port or an address. What does not is a verb that was misspelt.
    const std::string& first = arguments[0];
    const bool option = first.starts_with("-");
    if (!option && first.find_first_of("0123456789:") == std::string::npos) {
        return fail(kWrong, "\"" + first + "\" is neither a verb nor a frontend; expected one of " +
                                listed(verbs()) + "or a table such as 6379 HOST PORT");
    }
    return command_run(std::move(arguments));
}

}  // namespace

int run(std::vector<std::string> arguments) {
    hold_standard_descriptors();
    const int code = run_verb(std::move(arguments));
    if (output_error == 0) return code;
    const int failed = fail(
        kFailed, std::string("cannot write to standard output: ") + std::strerror(output_error));
    return code == kDone || code == kUnresolved ? failed : code;
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

Output run_aside(Arguments arguments) {
    Output said;
    captured = &said;
    said.code = run_verb(std::move(arguments));
    captured = nullptr;
    return said;
}

void print(const std::string& text) {
    if (captured != nullptr) {
        captured->out += text;
        return;
    }
    print_as_it_is(core::printable_lines(text));
}

void print_as_it_is(const std::string& text) {
    if (captured != nullptr) {
        captured->out += text;
        return;
    }
    errno = 0;
    const bool whole = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
    if (whole && std::fflush(stdout) == 0) return;
    int none = 0;
    output_error.compare_exchange_strong(none, errno != 0 ? errno : EIO);
}

void warn(const std::string& line) {
    const std::string text = core::printable_lines(line);
    std::fwrite(text.data(), 1, text.size(), stderr);
}

int fail(int code, const std::string& reason) {
    const std::string line = "amba: " + reason + "\n";
    if (captured != nullptr) {
        captured->err += line;
        return code;
    }
    warn(line);
    return code;
}

}  // namespace amba::cli
