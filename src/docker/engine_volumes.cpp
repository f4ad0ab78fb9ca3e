// Volumes.
#include <algorithm>

#include "amba/docker/engine.hpp"
#include "docker/questions.hpp"

namespace amba::docker {

core::Result<std::vector<Volume>> Engine::volumes(const std::vector<std::string>& labels) const {
    const EngineRequest request{.path = "/volumes", .query = filters("label", labels)};
    const auto response = ask(request, CallLimits(time_));
    if (!response) return response.error();
    auto out = read_answer(host_, request, *response, [](const Value& root) {
        std::vector<Volume> found;
        root["Volumes"].each([&](const Value& volume) {
            found.push_back({volume["Name"].needed_text(), volume["Labels"].labels()});
        });
        return found;
    });
    if (!out) return out;
    std::sort(out->begin(), out->end(),
              [](const Volume& a, const Volume& b) { return a.name < b.name; });
    return out;
}

core::Result<void> Engine::create_volume(const Volume& volume) const {
    const EngineRequest request{.method = "POST",
                                .path = "/volumes/create",
                                .body = dump({{"Name", volume.name}, {"Labels", volume.labels}})};
    const auto response = ask(request, CallLimits(time_));
    if (!response) return response.error();
    return {};
}

core::Result<void> Engine::remove_volume(const std::string& name) const {
    const EngineRequest request{.method = "DELETE", .path = "/volumes/" + percent(name)};
    const auto response = call(request, CallLimits(time_));
    if (!response) return response.error();
    if (response->well() || response->status == 404) return {};
    return refused(request, *response);
}

}  // namespace amba::docker
