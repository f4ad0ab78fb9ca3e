// Host, path, tag and digest, by the rules of the docker client.
#include "docker/image_name.hpp"

#include <algorithm>

namespace amba::docker {

namespace {

constexpr std::string_view kDigest = "sha256:";
constexpr std::size_t kDigits = 64;

bool is_hexadecimal(std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

// Docker refuses 64 digits as a name, so that they are an id.
bool is_id(std::string_view name) {
    if (name.starts_with(kDigest)) name.remove_prefix(kDigest.size());
    return name.size() == kDigits && is_hexadecimal(name);
}

}  // namespace

std::optional<ImageName> split_image(std::string_view name) {
    if (name.empty() || is_id(name)) return std::nullopt;
    ImageName out;
    const std::size_t at = name.find('@');
    std::string_view repository = name.substr(0, at);
    // A colon before the last slash is that of a registry's port.
    const std::size_t slash = repository.rfind('/');
    const std::size_t colon = repository.rfind(':');
    const bool tagged =
        colon != std::string_view::npos && (slash == std::string_view::npos || colon > slash);
    out.tag = tagged ? repository.substr(colon + 1) : "latest";
    if (tagged) repository = repository.substr(0, colon);
    if (at != std::string_view::npos) out.tag = name.substr(at + 1);
    out.repository = repository;
    if (out.repository.empty() || out.tag.empty()) return std::nullopt;
    return out;
}

}  // namespace amba::docker
