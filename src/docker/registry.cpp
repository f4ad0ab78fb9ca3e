// The docker client's config.json: which entry is a registry's, and what is in it.
#include "docker/registry.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "amba/files/digest.hpp"
#include "docker/answer.hpp"
#include "docker/environment.hpp"

namespace amba::docker {

namespace {

constexpr const char* kHub = "index.docker.io";

// For a header, where "+" and "/" are "-" and "_" (RFC 4648, 5).
std::string base64url(const std::string& text) {
    std::string encoded = files::base64(text);
    std::replace(encoded.begin(), encoded.end(), '+', '-');
    std::replace(encoded.begin(), encoded.end(), '/', '_');
    return encoded;
}

// Empty when it is none. Space around it and NULs at its end are nobody's password.
std::string from_base64(std::string_view text) {
    constexpr std::string_view kSpace = " \t\r\n";
    text.remove_prefix(std::min(text.find_first_not_of(kSpace), text.size()));
    text.remove_suffix(text.size() - (text.find_last_not_of(kSpace) + 1));
    std::string decoded = files::from_base64(text).value_or("");
    while (decoded.ends_with('\0'))
        decoded.pop_back();
    return decoded;
}

// "https://index.docker.io/v1/" is written by some clients for what others name by its host.
std::string host_of(std::string_view key) {
    for (const std::string_view scheme : {"https://", "http://"}) {
        if (key.starts_with(scheme)) key.remove_prefix(scheme.size());
    }
    return std::string(key.substr(0, key.find('/')));
}

RegistryAuth read(const Value& root, const std::string& registry) {
    RegistryAuth result;
    root["auths"].each_member([&](const std::string& key, const Value& entry) {
        if (host_of(key) != registry || !result.header.empty()) return;
        nlohmann::json login{{"serveraddress", key}};
        const std::string token = entry["identitytoken"].text();
        const std::string both = from_base64(entry["auth"].text());
        const std::size_t colon = both.find(':');
        if (!token.empty()) {
            login["identitytoken"] = token;
        } else if (colon != std::string::npos) {
            login["username"] = both.substr(0, colon);
            login["password"] = both.substr(colon + 1);
        } else {
            return;
        }
        result.header = base64url(dump(login));
    });
    if (!result.header.empty()) return result;
    std::string helper = root["credsStore"].text();
    root["credHelpers"].each_member([&](const std::string& key, const Value& entry) {
        if (host_of(key) == registry) helper = entry.text();
    });
    if (!helper.empty()) {
        result.remark = "the password for " + registry + " may be with docker-credential-" +
                        helper + ", which is not asked";
    }
    return result;
}

}  // namespace

// Docker's rule: a first part that is a name of a host, or else it is Docker Hub's.
std::string registry_of(const std::string& repository) {
    const std::size_t slash = repository.find('/');
    const std::string first = repository.substr(0, slash);
    const bool host = slash != std::string::npos &&
                      (first.find_first_of(".:") != std::string::npos || first == "localhost");
    return !host || first == "docker.io" ? kHub : first;
}

RegistryAuth registry_auth(const std::string& config, const std::string& repository) {
    const auto root = nlohmann::json::parse(config, nullptr, false);
    if (root.is_discarded()) return {{}, "it is not JSON"};  // and what it is may be a secret
    try {
        return read(Value(root), registry_of(repository));
    } catch (const AnswerFault& fault) {
        return {{}, fault.reason};
    }
}

RegistryAuth registry_auth_of_environment(const std::string& repository) {
    const std::string path = config_directory() + "/config.json";
    std::ifstream file(path);
    if (!file) return {};
    const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    RegistryAuth result = registry_auth(text, repository);
    if (!result.remark.empty()) result.remark = path + ": " + result.remark;
    return result;
}

}  // namespace amba::docker
