// libmd has the digests; what is built of them is a few lines each, and no TLS library weighs on
// the sidecar for them. HMAC keeps the state after its two pads, as 4,096 rounds are the usual
// number: two blocks a round instead of four.
#include "amba/files/digest.hpp"

#include <sys/types.h>
// After sys/types.h.
#include <md5.h>
#include <sha1.h>
#include <sha2.h>

#include <array>
#include <span>

namespace amba::files {

namespace {

const std::uint8_t* raw(std::string_view bytes) {
    return reinterpret_cast<const std::uint8_t*>(bytes.data());
}

template <std::size_t N>
std::string text(const std::array<std::uint8_t, N>& bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), N};
}

class Hmac {
  public:
    explicit Hmac(std::string_view key) {
        std::string block(key.size() > SHA256_BLOCK_LENGTH ? sha256(key) : std::string(key));
        block.resize(SHA256_BLOCK_LENGTH, '\0');
        inner_ = after(block, 0x36);
        outer_ = after(block, 0x5c);
    }
    std::string of(std::string_view bytes) const { return final(outer_, final(inner_, bytes)); }

  private:
    static SHA2_CTX after(std::string block, char pad) {
        for (char& byte : block)
            byte = static_cast<char>(byte ^ pad);
        SHA2_CTX out;
        SHA256Init(&out);
        SHA256Update(&out, raw(block), block.size());
        return out;
    }
    static std::string final(SHA2_CTX state, std::string_view bytes) {
        SHA256Update(&state, raw(bytes), bytes.size());
        std::array<std::uint8_t, SHA256_DIGEST_LENGTH> out;
        SHA256Final(out.data(), &state);
        return text(out);
    }

    SHA2_CTX inner_;
    SHA2_CTX outer_;
};

constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

std::string hex(std::string_view bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string out;
    for (const std::uint8_t byte : std::span(raw(bytes), bytes.size())) {
        out += kDigits[byte >> 4];
        out += kDigits[byte & 15];
    }
    return out;
}

std::string sha256(std::string_view bytes) {
    SHA2_CTX state;
    SHA256Init(&state);
    SHA256Update(&state, raw(bytes), bytes.size());
    std::array<std::uint8_t, SHA256_DIGEST_LENGTH> out;
    SHA256Final(out.data(), &state);
    return text(out);
}

std::string sha1(std::string_view bytes) {
    SHA1_CTX state;
    SHA1Init(&state);
    SHA1Update(&state, raw(bytes), bytes.size());
    std::array<std::uint8_t, SHA1_DIGEST_LENGTH> out;
    SHA1Final(out.data(), &state);
    return text(out);
}

std::string md5_hex(std::string_view bytes) {
    std::array<char, MD5_DIGEST_STRING_LENGTH> out;
    MD5Data(raw(bytes), bytes.size(), out.data());
    return out.data();
}

std::string hmac_sha256(std::string_view key, std::string_view bytes) {
    return Hmac(key).of(bytes);
}

std::string hi(std::string_view password, std::string_view salt, int rounds) {
    const Hmac keyed(password);
    std::string last = keyed.of(std::string(salt) + std::string("\0\0\0\1", 4));
    std::string out = last;
    for (int round = 1; round < rounds; ++round) {
        last = keyed.of(last);
        out = exclusive_or(std::move(out), last);
    }
    return out;
}

std::string exclusive_or(std::string one, std::string_view other) {
    for (std::size_t i = 0; i < one.size() && i < other.size(); ++i)
        one[i] = static_cast<char>(one[i] ^ other[i]);
    return one;
}

std::string base64(std::string_view bytes) {
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        std::uint32_t three = 0;
        for (std::size_t j = 0; j < 3; ++j)
            three = three << 8 | (i + j < bytes.size() ? raw(bytes)[i + j] : 0);
        for (std::size_t j = 0; j < 4; ++j) {
            const bool there = i + j <= bytes.size();
            out += there ? kBase64[three >> (18 - 6 * j) & 63] : '=';
        }
    }
    return out;
}

std::optional<std::string> from_base64(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    for (int i = 0; i < 2 && text.ends_with('='); ++i)
        text.remove_suffix(1);
    std::string out;
    std::uint32_t bits = 0;
    int count = 0;
    for (const char c : text) {
        const std::size_t value = kBase64.find(c);
        if (value == std::string_view::npos) return std::nullopt;
        bits = bits << 6 | static_cast<std::uint32_t>(value);
        count += 6;
        if (count < 8) continue;
        count -= 8;
        out += static_cast<char>(bits >> count & 0xff);
    }
    return out;
}

}  // namespace amba::files
