// Out of the JSON of an ambassador of any version.
#include "amba/fleet/seen.hpp"

#include <nlohmann/json.hpp>

namespace amba::fleet {

namespace {

using Json = nlohmann::json;

std::string text(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::uint64_t number(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

// Of something that is no array there is nothing.
const Json& array(const Json& object, const char* key) {
    static const Json kNone = Json::array();
    const auto found = object.find(key);
    return found != object.end() && found->is_array() ? *found : kNone;
}

}  // namespace

core::Result<std::vector<SeenFrontend>> parse_status(std::string_view json) {
    const Json document = Json::parse(json, nullptr, false);
    if (!document.is_object()) return core::error("its status is no JSON object");
    std::vector<SeenFrontend> all;
    for (const Json& one : array(document, "frontends")) {
        if (!one.is_object()) return core::error("its status has a frontend that is no object");
        SeenFrontend frontend{text(one, "bind"),
                              number(one, "connections_current"),
                              number(one, "connections_total"),
                              {}};
        for (const Json& backend : array(one, "backends")) {
            if (!backend.is_object()) continue;
            frontend.backends.push_back({text(backend, "address"), text(backend, "state"),
                                         number(backend, "connections_total")});
        }
        all.push_back(std::move(frontend));
    }
    return all;
}

std::string parse_rejection(std::string_view json) {
    const Json document = Json::parse(json, nullptr, false);
    if (!document.is_object()) return {};
    const auto rejected = document.find("rejected");
    return rejected != document.end() && rejected->is_object() ? text(*rejected, "reason") : "";
}

void add_served(const Assignment& assignment, const std::string& service,
                const std::vector<SeenFrontend>& seen, std::map<std::string, std::uint64_t>& sum) {
    for (const Route& route : assignment.routes) {
        if (route.service != service) continue;
        const std::string bind = route.bind();
        for (const SeenFrontend& frontend : seen) {
            if (frontend.bind != bind) continue;
            for (const Target& target : route.targets) {
                const std::string address = target.address();
                for (const SeenBackend& backend : frontend.backends) {
                    if (backend.address == address) sum[target.version] += backend.served;
                }
            }
        }
    }
}

}  // namespace amba::fleet
