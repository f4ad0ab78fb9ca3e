// Containers: what there is, and what becomes of it.
#include <algorithm>
#include <optional>
#include <tuple>

#include "amba/docker/engine.hpp"
#include "amba/docker/parallel.hpp"
#include "docker/container_json.hpp"
#include "docker/questions.hpp"

namespace amba::docker {

using namespace std::chrono_literals;

namespace {

// A container may take its time to stop, by default ten seconds, and a busy Engine its own.
constexpr core::Duration kLong = 2min;
constexpr unsigned kNotFound = 404;
constexpr unsigned kConflict = 409;

// Docker's words, and Podman's.
bool lacks_image(const EngineResponse& response) {
    if (response.status != kNotFound) return false;
    std::string text = message_of(response);
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c; });
    return text.find("no such image") != std::string::npos ||
           text.find("image not known") != std::string::npos;
}

void make_helper(const Helper& helper, nlohmann::json& body, nlohmann::json& host) {
    body["OpenStdin"] = true;
    body["StdinOnce"] = true;  // its end is that of the connection
    for (const char* stream : {"AttachStdin", "AttachStdout", "AttachStderr"})
        body[stream] = true;
    body["Healthcheck"] = {{"Test", {"NONE"}}};
    if (!helper.user.empty()) body["User"] = helper.user;
    if (!host.contains("NetworkMode")) host["NetworkMode"] = "none";
    if (!helper.pid_mode.empty()) host["PidMode"] = helper.pid_mode;
    host["AutoRemove"] = true;
    host["ReadonlyRootfs"] = true;
    host["LogConfig"] = {{"Type", "none"}};
    host["CapDrop"] = {"ALL"};
    if (!helper.capabilities.empty()) host["CapAdd"] = helper.capabilities;
    host["SecurityOpt"] = {"no-new-privileges"};
    if (helper.directory) {
        // SELinux lets a container into directories with its own label alone.
        host["SecurityOpt"].push_back("label=disable");
        host["Mounts"] = {{{"Type", "bind"},
                           {"Source", helper.directory->first},
                           {"Target", helper.directory->second},
                           {"BindOptions", {{"NonRecursive", true}}}}};
    }
}

std::string body_of(const Creation& creation) {
    nlohmann::json host = nlohmann::json::object();
    if (!creation.network_mode.empty()) host["NetworkMode"] = creation.network_mode;
    if (!creation.restart_policy.empty()) {
        host["RestartPolicy"] = {{"Name", creation.restart_policy}};
    }
    if (!creation.volumes_from.empty()) host["VolumesFrom"] = {creation.volumes_from};
    nlohmann::json body = {{"Image", creation.image}, {"Labels", creation.labels}};
    if (!creation.command.empty()) body["Cmd"] = creation.command;
    if (!creation.environment.empty()) body["Env"] = creation.environment;
    if (creation.helper) make_helper(*creation.helper, body, host);
    body["HostConfig"] = std::move(host);
    return dump(body);
}

// A container of the list, and what inspecting it told: nothing when it was gone by then.
struct ListedContainer {
    std::string id;
    core::Result<std::optional<Container>> found;
};

}  // namespace

core::Result<std::vector<Container>> Engine::containers(const std::vector<std::string>& labels,
                                                        bool all) const {
    EngineRequest request{.path = "/containers/json", .query = all ? "all=1" : "all=0"};
    if (!labels.empty()) request.query += "&" + filters("label", labels);
    const auto response = ask(request, CallLimits(time_));
    if (!response) return response.error();
    auto listed = read_answer(host_, request, *response, [](const Value& root) {
        std::vector<ListedContainer> out;
        root.each([&](const Value& one) { out.push_back({one["Id"].needed_text(), {}}); });
        return out;
    });
    if (!listed) return listed.error();
    ten_at_a_time(*listed, [this](ListedContainer& one) {
        const EngineRequest look{.path = container_path(one.id, "/json")};
        const auto answer = call(look, CallLimits(time_));
        if (!answer) {
            one.found = answer.error();
        } else if (!answer->well()) {
            if (answer->status != kNotFound) one.found = refused(look, *answer);
        } else {
            auto read = read_answer(host_, look, *answer, container_of);
            if (read)
                one.found = std::move(*read);
            else
                one.found = read.error();
        }
    });
    std::vector<Container> out;
    for (ListedContainer& one : *listed) {
        if (!one.found) return one.found.error();
        if (*one.found) out.push_back(std::move(**one.found));
    }
    std::sort(out.begin(), out.end(), [](const Container& a, const Container& b) {
        return std::tie(a.name, a.id) < std::tie(b.name, b.id);
    });
    return out;
}

core::Result<Container> Engine::inspect(const std::string& id) const {
    const EngineRequest request{.path = container_path(id, "/json")};
    const auto response = ask(request, CallLimits(time_));
    if (!response) return response.error();
    return read_answer(host_, request, *response, container_of);
}

core::Result<std::string> Engine::create(const Creation& creation) const {
    const EngineRequest request{
        .method = "POST", .path = "/containers/create", .body = body_of(creation)};
    auto response = call(request, CallLimits(time_));
    if (response && lacks_image(*response)) {
        if (auto pulled = pull(creation.image); !pulled) return pulled.error();
        response = call(request, CallLimits(time_));
    }
    if (!response) return response.error();
    if (!response->well()) return refused(request, *response);
    return read_answer(host_, request, *response,
                       [](const Value& root) { return root["Id"].needed_text(); });
}

core::Result<void> Engine::start(const std::string& id) const {
    const EngineRequest request{.method = "POST", .path = container_path(id, "/start")};
    const auto response = ask(request, CallLimits(std::max(time_, kLong)));
    if (!response) return response.error();
    return {};
}

core::Result<void> Engine::restart(const std::string& id) const {
    const EngineRequest request{
        .method = "POST", .path = container_path(id, "/restart"), .query = "t=0"};
    const auto response = ask(request, CallLimits(std::max(time_, kLong)));
    if (!response) return response.error();
    return {};
}

core::Result<void> Engine::set_restart_policy(const std::string& id,
                                              const std::string& policy) const {
    const nlohmann::json body = {{"RestartPolicy", {{"Name", policy}}}};
    const EngineRequest request{
        .method = "POST", .path = container_path(id, "/update"), .body = dump(body)};
    const auto response = ask(request, CallLimits(time_));
    if (!response) return response.error();
    return {};
}

core::Result<void> Engine::remove(const std::string& id) const {
    const EngineRequest request{
        .method = "DELETE", .path = container_path(id, ""), .query = "force=1&v=1"};
    const auto response = call(request, CallLimits(std::max(time_, kLong)));
    if (!response) return response.error();
    if (response->well() || response->status == kNotFound) return {};
    const bool going = response->status == kConflict &&
                       message_of(*response).find("already in progress") != std::string::npos;
    if (going) return {};
    return refused(request, *response);
}

}  // namespace amba::docker
