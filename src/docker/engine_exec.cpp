// A command in a running container: made, started (the answer is its output), and asked how it
// ended. And the streams of a container that is made for a conversation.
#include <optional>
#include <thread>

#include "amba/docker/engine.hpp"
#include "docker/demultiplex.hpp"
#include "docker/questions.hpp"

namespace amba::docker {

using namespace std::chrono_literals;

namespace {

// The Engine notes a process' end a moment after that of its output.
constexpr core::Duration kLook = 20ms;

std::string names_command(const std::string& id, const std::vector<std::string>& command) {
    std::string out = "exec in " + short_id(id) + ":";
    for (const std::string& word : command)
        out += " " + word;
    return core::one_line(out);
}

}  // namespace

core::Result<Executed> Engine::exec(const std::string& id, const std::vector<std::string>& command,
                                    core::Duration time) const {
    const CallLimits limits(time);
    const auto failed = [&](const std::string& why) {
        return core::error(host_.to_string() + ": " + names_command(id, command) + ": " + why);
    };
    const auto late = [&] {
        return failed("not done within " + core::to_string(time));
    };
    const EngineRequest make{
        .method = "POST",
        .path = container_path(id, "/exec"),
        .body = dump({{"AttachStdout", true}, {"AttachStderr", true}, {"Cmd", command}})};
    const auto made = ask(make, limits);
    if (!made) return made.error();
    const auto exec_id =
        read_answer(host_, make, *made, [](const Value& root) { return root["Id"].needed_text(); });
    if (!exec_id) return exec_id.error();

    const EngineRequest start{.method = "POST",
                              .path = "/exec/" + percent(*exec_id) + "/start",
                              .body = dump({{"Detach", false}, {"Tty", false}})};
    const auto output = call(start, limits);
    if (!output) return core::Clock::now() >= limits.until ? late() : output.error();
    if (!output->well()) return failed(message_of(*output));
    auto streams = demultiplex(output->body);
    if (!streams) return failed(streams.error().reason);

    const EngineRequest look{.path = "/exec/" + percent(*exec_id) + "/json"};
    while (true) {
        const auto state = ask(look, limits);
        if (!state) return core::Clock::now() >= limits.until ? late() : state.error();
        const auto code =
            read_answer(host_, look, *state, [](const Value& root) -> std::optional<std::int64_t> {
                if (root["Running"].is_true()) return std::nullopt;
                return root["ExitCode"].number();
            });
        if (!code) return code.error();
        if (*code) {
            return Executed{static_cast<int>(**code), std::move(streams->out),
                            std::move(streams->err)};
        }
        if (core::Clock::now() + kLook >= limits.until) return late();
        std::this_thread::sleep_for(kLook);
    }
}

core::Result<std::unique_ptr<Attached>> Engine::attach(const std::string& id) const {
    const EngineRequest request{.method = "POST",
                                .path = container_path(id, "/attach"),
                                .query = "stream=1&stdin=1&stdout=1&stderr=1",
                                .upgrade = true};
    const auto question = versioned(request, CallLimits(time_));
    if (!question) return question.error();
    return Attached::open(host_, *question, time_);
}

}  // namespace amba::docker
