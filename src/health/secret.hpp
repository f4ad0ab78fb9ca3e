// What a password file holds, for the checks that log in with it.
//
// A password that is changed needs no new table: see passwords.hpp. The password is never logged,
// nor is what a server says that may repeat it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "amba/core/result.hpp"

namespace amba::health {

// Shared by the checks of one file, which run in one thread.
struct Secret {
    explicit Secret(std::string password_in) : password(std::move(password_in)) {}
    // Hi() of RFC 5802 for this password, remembered: it takes milliseconds.
    const std::string& salted(const std::string& salt, int rounds);

    const std::string password;

  private:
    std::map<std::pair<std::string, int>, std::string> salted_;
};
using SecretPtr = std::shared_ptr<Secret>;

// The content without one final line break; from 1 to 1,024 bytes, none of them NUL. Blocks.
core::Result<SecretPtr> read_secret(const std::string& path);

}  // namespace amba::health
