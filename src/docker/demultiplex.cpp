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

core::Result<Streams> demultiplex(std::string_view bytes) {
    Streams streams;
    while (!bytes.empty()) {
        const auto stream = static_cast<unsigned char>(bytes[0]);
        const std::string_view zeros = bytes.substr(1, 3);
        if (stream > kEngine || zeros.find_first_not_of('\0') != std::string_view::npos) {
            return core::error("the output is not in frames: " +
                               core::quote(bytes.substr(0, kHeader)));
        }
        if (bytes.size() < kHeader) return core::error("the output ends inside a frame");
        const std::size_t length = length_of(bytes);
        bytes.remove_prefix(kHeader);
        if (bytes.size() < length) return core::error("the output ends inside a frame");
        const std::string_view data = bytes.substr(0, length);
        bytes.remove_prefix(length);
        if (stream == kEngine) {
            return core::error("the Engine says in the output: " + core::one_line(data));
        }
        // Docker's own reader takes what is marked as input for output.
        (stream == kErr ? streams.err : streams.out) += data;
    }
    return streams;
}

}  // namespace amba::docker
