// status and healthcheck: ask the daemon over the volume's socket.
#include <CLI/CLI.hpp>

#include "amba/admin/status_text.hpp"
#include "app/commands.hpp"

namespace amba::app {

namespace {

using namespace std::chrono_literals;
constexpr core::Duration kPatience = 5s;

}  // namespace

int command_status(Arguments arguments) {
    CLI::App app("Frontends, backends and their connections.", "status");
    VolumeOptions volume;
    volume.add(app);
    bool json = false;
    app.add_flag("--json", json, "As JSON, for programs");
    app.footer("Example:\n  docker run --rm --volumes-from amba amba status --json");
    if (const auto code = parse(app, arguments)) return *code;
    const auto answer = ask(volume.paths(), "GET", "/status", kPatience);
    if (!answer) return fail(kFailed, answer.error().reason + "; is an ambassador running there?");
    if (answer->status != 200) {
        return fail(kFailed, "the ambassador answered " + std::to_string(answer->status));
    }
    if (json) {
        print(answer->body);
        return kDone;
    }
    const auto text = admin::to_text(answer->body);
    if (!text) return fail(kFailed, text.error().reason);
    print(*text);
    return kDone;
}

int command_healthcheck(Arguments arguments) {
    CLI::App app(
        "Exit 0 when the ambassador answers and every frontend of its table listens, "
        "1 when not. An ambassador that waits for its first table is healthy.",
        "healthcheck");
    VolumeOptions volume;
    volume.add(app);
    bool ready = false;
    app.add_flag("--ready", ready, "Ask for a table with a usable backend as well");
    app.footer("Example:\n  HEALTHCHECK --interval=60s CMD [\"amba\", \"healthcheck\"]");
    if (const auto code = parse(app, arguments)) return *code;
    const auto answer = ask(volume.paths(), "GET", ready ? "/readyz" : "/healthz", kPatience);
    if (!answer) return fail(kFailed, answer.error().reason);
    print(answer->body);
    return answer->status == 200 ? kDone : kFailed;
}

}  // namespace amba::app
