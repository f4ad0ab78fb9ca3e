// What every call is made of: the version, the question, and what an answer means. The calls
// themselves are in engine_*.cpp.
#include "amba/docker/engine.hpp"

#include <algorithm>
#include <charconv>
#include <compare>
#include <mutex>
#include <optional>

#include "docker/wire.hpp"

namespace amba::docker {

namespace {

struct ApiVersion {
    int major = 0;
    int minor = 0;
    auto operator<=>(const ApiVersion&) const = default;
    std::string to_string() const { return std::to_string(major) + "." + std::to_string(minor); }
};

constexpr ApiVersion kNewest{1, 47};  // the API that these calls were written for
constexpr ApiVersion kOldest{1, 41};

std::optional<ApiVersion> parse_version(std::string_view text) {
    ApiVersion out;
    const char* end = text.data() + text.size();
    const auto major = std::from_chars(text.data(), end, out.major);
    if (major.ec != std::errc() || major.ptr == end || *major.ptr != '.') return std::nullopt;
    const auto minor = std::from_chars(major.ptr + 1, end, out.minor);
    if (minor.ec != std::errc() || minor.ptr != end) return std::nullopt;
    return out;
}

}  // namespace

// Several threads may ask for it at the same time; each of them finds the same.
struct Engine::ApiVersion {
    std::mutex mutex;
    std::string version;  // empty while it is not known
};

Engine::Engine(Host host, core::Duration time) :
    host_(std::move(host)), time_(time), spoken_(std::make_shared<ApiVersion>()) {}

core::Result<std::string> Engine::version() const {
    return negotiate(CallLimits(time_));
}

core::Result<std::string> Engine::negotiate(const CallLimits& limits) const {
    {
        const std::lock_guard lock(spoken_->mutex);
        if (!spoken_->version.empty()) return spoken_->version;
    }
    const EngineRequest ping{.path = "/_ping"};
    const auto response = exchange(host_, ping, limits);
    if (!response) return response.error();
    if (!response->well()) return refusal(host_, ping, *response);
    const auto newest = parse_version(response->api_version);
    if (!newest) {
        return core::error(host_.to_string() + ": no Docker Engine answers there: Api-Version is " +
                           core::quote(response->api_version));
    }
    if (*newest < kOldest) {
        return core::error(host_.to_string() + ": the Engine speaks API " + newest->to_string() +
                           "; expected " + kOldest.to_string() + " (Docker 20.10) or later");
    }
    const std::lock_guard lock(spoken_->mutex);
    spoken_->version = std::min(*newest, kNewest).to_string();
    return spoken_->version;
}

core::Result<EngineRequest> Engine::versioned(const EngineRequest& request,
                                              const CallLimits& limits) const {
    const auto version = negotiate(limits);
    if (!version) return version.error();
    EngineRequest out = request;
    out.version = "/v" + *version;
    return out;
}

core::Result<EngineResponse> Engine::call(const EngineRequest& request,
                                          const CallLimits& limits) const {
    const auto question = versioned(request, limits);
    if (!question) return question.error();
    return exchange(host_, *question, limits);
}

core::Result<EngineResponse> Engine::ask(const EngineRequest& request,
                                         const CallLimits& limits) const {
    auto response = call(request, limits);
    if (response && !response->well()) return refused(request, *response);
    return response;
}

// An Engine that was replaced by a newer one may have left our version behind ("client version 1.41
// is too old"): the next call agrees on one anew.
core::Error Engine::refused(const EngineRequest& request, const EngineResponse& response) const {
    if (response.status == 400 && response.body.find("client version") != std::string::npos) {
        const std::lock_guard lock(spoken_->mutex);
        spoken_->version.clear();
    }
    return refusal(host_, request, response);
}

}  // namespace amba::docker
