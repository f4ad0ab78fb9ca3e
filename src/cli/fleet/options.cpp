// Options of the fleet, and the environment of the docker client behind them.
#include "cli/fleet/options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <memory>
#include <set>

#include "amba/core/environment.hpp"
#include "amba/docker/host.hpp"
#include "cli/commands.hpp"

namespace amba::cli {

namespace {

// "tcp://10.0.0.1:2376=192.0.2.1": behind the last "=" is where its published ports are.
std::pair<std::string, std::string> host_and_address(const std::string& text) {
    const std::size_t sign = text.rfind('=');
    if (sign == std::string::npos) return {text, {}};
    return {text.substr(0, sign), text.substr(sign + 1)};
}

std::string projects_of(const fleet::Snapshot& snapshot) {
    std::set<std::string> names;
    for (const fleet::FleetContainer& member : snapshot.members)
        names.insert(member.container.label(fleet::kComposeProject));
    std::string text;
    for (const std::string& name : names)
        text += (text.empty() ? "" : ", ") + name;
    return text.empty() ? "there is none" : "there are: " + text;
}

}  // namespace

void FleetOptions::add_engine(CLI::App& app) {
    app.add_option("--host", hosts,
                   "An Engine, as in $DOCKER_HOST, and with =ADDRESS where other hosts reach the "
                   "ports that it publishes; may be repeated [$DOCKER_HOST]")
        ->type_name("HOST[=ADDRESS]");
    app.add_flag("--tls", tls, "Ask tcp:// hosts over TLS [$DOCKER_TLS_VERIFY]");
    app.add_option("--tls-certs", certificates,
                   "Directory of ca.pem, cert.pem and key.pem [$DOCKER_CERT_PATH]")
        ->type_name("DIR");
}

void FleetOptions::add_project(CLI::App& app, bool all_by_default) {
    app.add_option("-p,--project", settings.project,
                   all_by_default ? "One Compose project alone [all of them]"
                                  : "The Compose project [$COMPOSE_PROJECT_NAME, or this "
                                    "directory's name]")
        ->type_name("NAME");
    if (!all_by_default) {
        app.callback([this] {
            if (settings.project.empty())
                settings.project = core::environment("COMPOSE_PROJECT_NAME");
            if (settings.project.empty()) settings.project = project_of_directory(".");
            if (settings.project.empty()) {  // or it would stand for all of them
                throw CLI::ValidationError(
                    "--project", "expected a project's name: this directory gives it none");
            }
        });
    }
}

void FleetOptions::add_image(CLI::App& app) {
    app.add_option("--image", settings.image, "The ambassadors' image [amba]")
        ->envname("AMBA_IMAGE")
        ->type_name("IMAGE");
    app.add_flag("--per-client", settings.per_client,
                 "One ambassador for each client, rather than one for each of its names");
}

core::Result<std::vector<fleet::Site>> FleetOptions::sites() const {
    std::vector<fleet::Site> all;
    for (const std::string& text : hosts.empty() ? std::vector<std::string>{""} : hosts) {
        const auto [name, address] = host_and_address(text);
        const auto host =
            tls || !certificates.empty()
                ? docker::parse_host(name.empty() ? core::environment("DOCKER_HOST") : name, true,
                                     certificates)
                : docker::host_of_environment(name);
        if (!host) return host.error();
        const bool by_name = address.empty() && host->kind != docker::Host::Kind::kUnix;
        all.push_back({std::make_unique<docker::Engine>(*host), by_name ? host->name : address});
    }
    return all;
}

std::string project_of_directory(const std::string& directory) {
    std::error_code ignored;
    const std::string name = std::filesystem::canonical(directory, ignored).filename().string();
    std::string project;
    for (const char c : name) {
        const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        if ((lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9') || lower == '-' ||
            lower == '_') {
            project += lower;
        }
    }
    return project;
}

void say_plainly(const std::string& line, bool failed) {
    if (failed) {
        fail(kFailed, line);
    } else {
        print(line + "\n");
    }
}

std::unique_ptr<FleetLook> look_once(const FleetOptions& options, int& code) {
    const auto failed = [&](int why, const std::string& reason) {
        code = fail(why, reason);
        return nullptr;
    };
    auto sites = options.sites();
    if (!sites) return failed(kWrong, sites.error().reason);
    std::unique_ptr<FleetLook> looked(
        new FleetLook{fleet::Fleet(std::move(*sites), options.settings, say_plainly), {}});
    auto snapshot = looked->fleet.look();
    if (!snapshot) return failed(kFailed, snapshot.error().reason);
    looked->snapshot = std::move(*snapshot);
    if (!looked->snapshot.members.empty() || !looked->snapshot.ambassadors.empty()) return looked;
    auto again = options.sites();
    if (!again) return failed(kWrong, again.error().reason);
    const auto all = fleet::Fleet(std::move(*again), {}, say_plainly).look();
    return failed(kFailed, "no container of Compose project " +
                               core::quote(options.settings.project) + "; " +
                               (all ? projects_of(*all) : all.error().reason) +
                               " (--project NAME names another)");
}

std::string rows(const std::vector<std::vector<std::string>>& cells) {
    std::vector<std::size_t> widths;
    for (const auto& row : cells) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i)
            widths[i] = std::max(widths[i], row[i].size());
    }
    std::string text;
    for (const auto& row : cells) {
        for (std::size_t i = 0; i + 1 < row.size(); ++i)
            text += row[i] + std::string(widths[i] - row[i].size() + 2, ' ');
        text += row.back() + "\n";
    }
    return text;
}

}  // namespace amba::cli
