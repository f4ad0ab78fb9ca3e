// link: a Compose file in, the same file with ambassadors' addresses out. Arguments and places are
// those of the script that it succeeds; the rules are fleet's.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <set>

#include "amba/core/environment.hpp"
#include "amba/docker/engine.hpp"
#include "amba/docker/host.hpp"
#include "amba/files/files.hpp"
#include "amba/fleet/link.hpp"
#include "amba/volume/volume.hpp"
#include "cli/commands.hpp"
#include "cli/fleet/options.hpp"

namespace amba::cli {

using core::Result;

namespace {

constexpr const char* kStandard = "-";

struct LinkCommand {
    std::string in;
    std::string out;
    std::vector<std::string> files;  // of -f
    std::string suffix;              // of what is written for each of them; "": in place
    bool in_place = false;
    bool diff = false;
    bool no_copy = false;
    fleet::LinkOptions options;
    std::string ports;
};

std::string directory_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    if (slash == std::string::npos) return ".";
    return slash == 0 ? "/" : path.substr(0, slash);
}

std::string name_of(const std::string& path) {
    return path.substr(path.rfind('/') + 1);
}

// The path as messages and diffs name it.
std::string shown(const std::string& path) {
    return path == kStandard ? "stdin" : path;
}

// The file that a project starts from is not rewritten unless that is asked for by its name.
bool is_kept(const std::string& path) {
    const std::string name = name_of(path);
    return name == "docker-compose.yml" || name == "docker-compose.yaml" || name == "compose.yml" ||
           name == "compose.yaml";
}

// Fills in what was left out, or says what was expected.
Result<void> complete(LinkCommand& command) {
    if (!command.files.empty()) {
        if (!command.in.empty()) {
            return core::error(core::quote(command.in) +
                               " beside -f; expected each file behind a -f of its own");
        }
        const std::set<std::string> once(command.files.begin(), command.files.end());
        if (once.size() != command.files.size() || once.contains(kStandard)) {
            return core::error("-f: expected files, each of them once");
        }
        return {};
    }
    if (!command.suffix.empty()) return core::error("--suffix without -f; expected -f FILE");
    if (!command.out.empty()) {
        if (command.in_place) return core::error("--in-place writes to IN; expected no OUT");
        return {};
    }
    if (!command.in.empty()) {
        if (command.in_place && command.in == kStandard) {
            return core::error("--in-place with standard input; expected a file");
        }
        command.out = command.in;
        return {};
    }
    command.in = core::environment("COMPOSE_FILE");
    if (command.in.empty()) {
        return core::error(
            "expected IN, or COMPOSE_FILE in the environment; "
            "see amba link --help");
    }
    if (command.in.find(':') != std::string::npos) {
        return core::error("COMPOSE_FILE is " + core::quote(command.in) +
                           ", several files; expected one, or IN, or -f for each of them");
    }
    if (is_kept(command.in) && !command.in_place && !command.diff) {
        return core::error("COMPOSE_FILE is " + core::quote(command.in) +
                           ", which one would want to keep; expected another file, IN and OUT, or "
                           "--in-place");
    }
    command.out = command.in;
    return {};
}

Result<std::string> read(const std::string& path) {
    if (path == kStandard) return read_stdin();
    auto content = files::read_file(path);
    if (!content) return content.error();
    if (!*content) return core::error("cannot read " + path + ": there is no such file");
    return std::move((*content)->bytes);
}

std::string place(const std::string& path, const std::string& reason) {
    const bool has_line = !reason.empty() && reason[0] >= '0' && reason[0] <= '9';
    return shown(path) + (has_line ? ":" : ": ") + reason;
}

// The ports of --ports, or of the ports.yml beside the Compose file if there is one.
Result<std::optional<fleet::Ports>> read_ports(const LinkCommand& command,
                                               const std::string& compose) {
    std::string path = command.ports;
    if (path.empty()) {
        path = directory_of(compose) + "/ports.yml";
        const auto there = files::read_file(path);
        if (there && !*there) return std::optional<fleet::Ports>();
    }
    const auto text = read(path);
    if (!text) return text.error();
    auto ports = fleet::parse_ports(*text);
    if (!ports) return core::error(place(path, ports.error().reason));
    return std::optional<fleet::Ports>(std::move(*ports));
}

// No Engine is needed where the file says all ports: a missing one is an error only when it is
// asked.
fleet::ImagePorts ask_engine() {
    return [engine = std::shared_ptr<docker::Engine>()](
               const std::string& image) mutable -> Result<std::vector<std::uint16_t>> {
        if (!engine) {
            auto host = docker::host_of_environment();
            if (!host) return host.error();
            engine = std::make_shared<docker::Engine>(std::move(*host));
        }
        return engine->image_ports(image);
    };
}

// Paths of a Compose file begin at its directory.
fleet::ReadFile read_beside(const std::string& path) {
    return [directory = directory_of(path)](const std::string& file) {
        return read(file.starts_with('/') ? file : directory + "/" + file);
    };
}

// One Compose file: as it was, and as it is to be.
struct File {
    std::string in;
    std::string out;
    std::string before;
    fleet::Linked linked;
};

// Scripts give one file and expect it to be rewritten; what it was is kept beside it.
Result<void> write(const File& file, bool copied) {
    const std::string& after = file.linked.text;
    if (file.out != file.in) return files::replace_file(file.out, after);
    if (file.before == after) return {};
    std::string told = file.in + ": written in place";
    if (copied) {
        const auto copy = files::keep_copy(file.in, file.before);
        if (!copy) return copy.error();
        told += "; what it was is in " + *copy;
    }
    if (auto written = files::replace_file(file.in, after); !written) return written;
    warn(told + "\n");
    return {};
}

// The files of IN and OUT, or those of -f.
Result<std::vector<File>> read_files(const LinkCommand& command) {
    std::vector<File> files;
    for (const std::string& in : command.files)
        files.push_back({in, in + command.suffix, {}, {}});
    if (files.empty()) files.push_back({command.in, command.out, {}, {}});
    for (File& file : files) {
        auto text = read(file.in);
        if (!text) return text.error();
        file.before = std::move(*text);
    }
    return files;
}

// Links each file, into its `linked`, with the others beside it; those before it count as they are
// to be. False: it has said why not.
bool link_all(std::vector<File>& files, fleet::LinkOptions options) {
    for (std::size_t i = 0; i < files.size(); ++i) {
        options.beside.clear();
        for (std::size_t k = 0; k < files.size(); ++k) {
            if (k != i) options.beside.push_back(k < i ? files[k].linked.text : files[k].before);
        }
        auto linked = fleet::link(files[i].before, options);
        if (!linked) {
            warn(place(files[i].in, linked.error().reason) + "\n");
            return false;
        }
        files[i].linked = std::move(*linked);
        for (const fleet::Remark& remark : files[i].linked.remarks) {
            const std::string line = remark.line == 0 ? "" : std::to_string(remark.line) + ": ";
            warn(place(files[i].in, line + remark.text) + "\n");
        }
    }
    return true;
}

// Nothing is written where one of them cannot be linked.
int rewrite(const LinkCommand& command) {
    auto files = read_files(command);
    if (!files) return fail(kFailed, files.error().reason);
    const std::string& first = files->front().in;
    auto ports = read_ports(command, first);
    if (!ports) return fail(kFailed, ports.error().reason);
    fleet::LinkOptions options = command.options;
    options.ports = std::move(*ports);
    options.image_ports = ask_engine();
    options.read_file =
        read_beside(first);  // as Compose: of all files by the first one's directory
    options.project = core::environment("COMPOSE_PROJECT_NAME");
    options.directory = project_of_directory(directory_of(first));
    if (!link_all(*files, std::move(options))) return kFailed;

    std::size_t kept = 0;
    for (const File& file : *files) {
        kept += file.linked.kept;
        if (command.diff) {
            print_as_it_is(fleet::unified_diff(file.before, file.linked.text, shown(file.in),
                                               file.out == kStandard ? "stdout" : file.out));
        } else if (file.out == kStandard) {
            print_as_it_is(file.linked.text);
        } else if (const auto written = write(file, !command.no_copy); !written) {
            return fail(kFailed, written.error().reason);
        }
    }
    if (kept == 0) return kDone;
    return fail(kFailed, shown(first) + ": links that stay as they were: " + std::to_string(kept) +
                             "; see the lines above, or --drop-unknown for those without a known "
                             "port");
}

}  // namespace

int command_link(Arguments arguments) {
    CLI::App app(
        "Rewrite a Compose file: links, and depends_on, become extra_hosts in 127.127.0.0/16, at "
        "which ambassadors listen. A link that cannot become one stays, is told by its line, and "
        "the exit code is 1. A file that cannot be edited is told by line and left alone.\n"
        "With IN alone the file itself is rewritten, as scripts expect; what it was is kept in "
        "IN.orig.\n"
        "Volumes that are paths of this host go, and ports lose their side of the host, since "
        "several "
        "of a service may run on one host, or on others: each is told by line.",
        "link");
    LinkCommand command;
    app.add_option("IN", command.in,
                   "The Compose file, or - for standard input [$COMPOSE_FILE, but not "
                   "docker-compose.yml]");
    app.add_option("OUT", command.out, "Where to write, or - for standard output [IN itself]");
    app.add_flag("--in-place", command.in_place, "Write to $COMPOSE_FILE, whatever its name");
    app.add_option("-f,--compose-file", command.files,
                   "One of several files that Compose reads together, in their order; each is "
                   "rewritten, and services, ports and addresses of all of them count")
        ->type_name("FILE")
        ->allow_extra_args(false)
        ->take_all();
    app.add_option("--suffix", command.suffix,
                   "Write FILESUFFIX for each -f FILE, rather than FILE itself")
        ->type_name("SUFFIX");
    app.add_flag("--diff", command.diff, "Print what would change and write nothing");
    app.add_flag("--no-copy", command.no_copy, "Keep no IN.orig of a file that is rewritten");
    app.add_flag("--keep-ports", command.options.keep_ports,
                 "Leave ports as they are: what publishes a port of the host is there once");
    app.add_flag("--keep-volumes", command.options.keep_volumes,
                 "Leave volumes that are paths of this host");
    app.add_flag("--drop-unknown", command.options.drop_unknown,
                 "Take out links whose service has no known port, and exit with 0 all the same");
    app.add_option("--ports", command.ports,
                   "A file with SERVICE: PORT on each line, which alone counts [ports.yml beside "
                   "IN, else expose, ports, Dockerfiles, well-known and other images]")
        ->type_name("FILE");
    app.footer(
        "Examples:\n  amba link docker-compose.yml docker-compose.yml-ambassadors\n"
        "  amba link --diff docker-compose.yml\n"
        "  amba link -f docker-compose.yml -f docker-compose.prod.yml --suffix -ambassadors");
    if (const auto code = parse(app, std::move(arguments))) return *code;
    if (const auto done = complete(command); !done) return fail(kWrong, done.error().reason);
    return rewrite(command);
}

}  // namespace amba::cli
