// Images: their ports, and a pull.
#include "amba/docker/engine.hpp"
#include "docker/container_json.hpp"
#include "docker/image_name.hpp"
#include "docker/lines.hpp"
#include "docker/questions.hpp"
#include "docker/registry.hpp"

namespace amba::docker {

using namespace std::chrono_literals;

namespace {

constexpr core::Duration kPull = 10min;

}  // namespace

core::Result<std::vector<std::uint16_t>> Engine::image_ports(const std::string& image) const {
    if (image.empty()) return core::error("an image without a name has no ports");
    const EngineRequest request{.path = "/images/" + percent(image, "/:@") + "/json"};
    const auto response = call(request, CallLimits(time_));
    if (!response) return response.error();
    if (response->status == 404) return std::vector<std::uint16_t>();
    if (!response->well()) return refused(request, *response);
    return read_answer(host_, request, *response, [](const Value& root) {
        return exposed_ports(root["Config"]["ExposedPorts"]);
    });
}

core::Result<std::string> Engine::image_id(const std::string& image) const {
    if (image.empty()) return std::string();
    const EngineRequest request{.path = "/images/" + percent(image, "/:@") + "/json"};
    const auto response = call(request, CallLimits(time_));
    if (!response) return response.error();
    if (response->status == 404) return std::string();
    if (!response->well()) return refused(request, *response);
    return read_answer(host_, request, *response,
                       [](const Value& root) { return root["Id"].needed_text(); });
}

core::Result<void> Engine::pull(const std::string& image) const {
    const auto name = split_image(image);
    if (!name) {
        return core::error(host_.to_string() + ": there is no image " + core::quote(image) +
                           ", and it is no name that could be pulled");
    }
    const RegistryAuth auth = registry_auth_of_environment(name->repository);
    const EngineRequest request{
        .method = "POST",
        .path = "/images/create",
        .query = "fromImage=" + percent(name->repository) + "&tag=" + percent(name->tag),
        .registry_auth = auth.header};
    const auto failed = [&](const std::string& why) {
        return core::error(host_.to_string() + ": cannot pull " + core::quote(image) + ": " + why +
                           (auth.remark.empty() ? "" : "; " + auth.remark));
    };
    const auto response = call(request, CallLimits(kPull));
    if (!response) return response.error();
    if (!response->well()) return failed(message_of(*response));
    // With status 200 the progress follows, in which a failure is told.
    std::string why;
    Lines lines;
    lines.feed(response->body + "\n", [&](std::string_view line) {
        const auto told = understand(line, [](const Value& root) { return root["error"].text(); });
        if (!told)
            why = told.error().reason;
        else if (!told->empty())
            why = core::one_line(*told);
    });
    if (!why.empty()) return failed(why);
    return {};
}

}  // namespace amba::docker
