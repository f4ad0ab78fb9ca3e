// Digests of bytes: what tells contents apart, and what logins are made of. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace amba::files {

std::string hex(std::string_view bytes);
std::string sha256(std::string_view bytes);  // 32 bytes
std::string sha1(std::string_view bytes);    // 20 bytes
std::string md5_hex(std::string_view bytes);
std::string hmac_sha256(std::string_view key, std::string_view bytes);  // RFC 2104
// Hi() of RFC 5802: PBKDF2 with HMAC-SHA-256, one block long. `rounds` is at least 1.
std::string hi(std::string_view password, std::string_view salt, int rounds);

std::string exclusive_or(std::string one, std::string_view other);  // as long as `one`

std::string base64(std::string_view bytes);
std::optional<std::string> from_base64(std::string_view text);

}  // namespace amba::files
