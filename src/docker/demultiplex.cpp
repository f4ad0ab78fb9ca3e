// Frames that arrive in any pieces.
#include "docker/demultiplex.hpp"

#include <cstdint>

namespace amba::docker {

namespace {

enum Stream : unsigned char { kIn = 0, kOut = 1, kErr = 2, kEngine = 3 };

constexpr std::size_t kHeader = 8;

std::uint32_t length_of(std::string_view header) {
    std::uint32_t length = 0;
    for (const char c : header.substr(4, 4))
        length = length << 8 | static_cast<unsigned char>(c);
    return length;
}

}  // namespace

core::Result<std::size_t> take_frames(std::string_view bytes, Streams& streams) {
    std::size_t taken = 0;
    while (taken < bytes.size()) {
        const std::string_view rest = bytes.substr(taken);
        const auto stream = static_cast<unsigned char>(rest[0]);
        const std::string_view zeros = rest.substr(1, 3);
        if (stream > kEngine || zeros.find_first_not_of('\0') != std::string_view::npos) {
            return core::error("the output is not in frames: " +
                               core::quote(rest.substr(0, kHeader)));
        }
        if (rest.size() < kHeader) break;
        const std::size_t length = length_of(rest);
        if (rest.size() - kHeader < length) break;
        const std::string_view data = rest.substr(kHeader, length);
        if (stream == kEngine) {
            return core::error("the Engine says in the output: " + core::one_line(data));
        }
        // Docker's own reader takes what is marked as input for output.
        (stream == kErr ? streams.err : streams.out) += data;
        taken += kHeader + length;
    }
    return taken;
}

core::Result<Streams> demultiplex(std::string_view bytes) {
    Streams streams;
    const auto taken = take_frames(bytes, streams);
    if (!taken) return taken.error();
    if (*taken < bytes.size()) return core::error("the output ends inside a frame");
    return streams;
}

}  // namespace amba::docker
