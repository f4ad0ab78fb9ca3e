// Bytes that are known from a seed and a position alone, and the few messages that carry them.
//
// Any part of a stream can be judged without what came before it, so that a lost, doubled, moved or
// altered byte is found where it happened. Both ends are one program on one machine: structures
// travel as they are in memory.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace load {

inline std::uint64_t mix(std::uint64_t x) {  // splitmix64
    x += 0x9E3779B97F4A7C15ULL;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
    return x ^ (x >> 31);
}

// Writes the bytes [at, at + size) of the stream of `seed`.
inline void fill(std::uint64_t seed, std::uint64_t at, char* out, std::size_t size) {
    while (size > 0) {
        const std::uint64_t word = mix(seed + at / 8);
        const std::size_t skip = at % 8;
        const std::size_t part = std::min(size, 8 - skip);
        std::memcpy(out, reinterpret_cast<const char*>(&word) + skip, part);
        out += part;
        at += part;
        size -= part;
    }
}

// Are these the bytes [at, at + size) of the stream of `seed`?
inline bool matches(std::uint64_t seed, std::uint64_t at, const char* in, std::size_t size) {
    char want[4096];
    while (size > 0) {
        const std::size_t part = std::min(size, sizeof want);
        fill(seed, at, want, part);
        if (std::memcmp(want, in, part) != 0) return false;
        in += part;
        at += part;
        size -= part;
    }
    return true;
}

// Who ends a connection.
enum class Kind : std::uint32_t {
    kHalfClose,      // the client sends FIN behind its request and still gets the reply
    kClientCloses,   // the client, when it has the reply
    kBackendCloses,  // the backend, behind its reply
    kLong,           // the backend echoes until FIN, then sends a Trailer
};

constexpr std::uint32_t kMagic = 0x61626d61;

struct Request {  // followed by `up` bytes of the stream of `seed`
    std::uint32_t magic = kMagic;
    Kind kind = Kind::kClientCloses;
    std::uint32_t up = 0;
    std::uint32_t down = 0;
    std::uint64_t seed = 0;
    std::uint64_t check = 0;
    std::uint64_t expected_check() const {
        return mix(seed ^ mix(up) ^ mix(std::uint64_t{down} << 32) ^ static_cast<unsigned>(kind));
    }
};

struct Reply {  // followed by `down` bytes of the stream of ~seed
    std::uint32_t magic = kMagic;
    std::uint32_t identity = 0;  // of the backend's address
    std::uint32_t down = 0;
    std::uint32_t intact = 0;  // 1: the request came as it was sent
    std::uint64_t seed = 0;
};

struct Trailer {
    std::uint64_t received = 0;  // by the backend, of the client's stream
    std::uint64_t intact = 0;
};

}  // namespace load
