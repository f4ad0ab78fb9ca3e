// Escape sequences may come in pieces: what is no key yet is kept.
#include "cli/keys.hpp"

#include <optional>

namespace amba::cli {

namespace {

constexpr char kEscape = '\x1b';
constexpr char kControlC = '\x03';
constexpr char kControlD = '\x04';
constexpr char kControlU = '\x15';
constexpr std::size_t kLongest = 16;  // of a sequence; what is longer is none

std::optional<Key> plain_key(char byte) {
    switch (byte) {
        case 'q':
        case 'Q':
        case kControlC: return Key::kQuit;
        case ' ': return Key::kPause;
        case 'k': return Key::kUp;
        case 'j': return Key::kDown;
        case 'b':
        case kControlU: return Key::kPageUp;
        case 'f':
        case kControlD: return Key::kPageDown;
        case 'g': return Key::kBegin;
        case 'G': return Key::kEnd;
        default: return {};
    }
}

// What follows "ESC [" or "ESC O".
std::optional<Key> sequence_key(std::string_view rest) {
    if (rest == "A") return Key::kUp;
    if (rest == "B") return Key::kDown;
    if (rest == "5~") return Key::kPageUp;
    if (rest == "6~") return Key::kPageDown;
    if (rest == "H" || rest == "1~" || rest == "7~") return Key::kBegin;
    if (rest == "F" || rest == "4~" || rest == "8~") return Key::kEnd;
    return {};
}

}  // namespace

std::vector<Key> Keys::feed(std::string_view bytes) {
    std::vector<Key> keys;
    for (const char byte : bytes) {
        std::optional<Key> key;
        const bool introduced = sequence_.size() > 1;
        if (byte == kEscape) {
            sequence_ = byte;
        } else if (sequence_.empty()) {
            key = plain_key(byte);
        } else if (!introduced && byte != '[' && byte != 'O') {
            sequence_.clear();  // the key ESC, and another one
            key = plain_key(byte);
        } else {
            sequence_ += byte;
            const bool ends = introduced && byte >= 0x40 && byte <= 0x7e;
            if (ends) key = sequence_key(std::string_view(sequence_).substr(2));
            if (ends || byte < 0x20 || sequence_.size() > kLongest) sequence_.clear();
            if (byte == kControlC) key = Key::kQuit;
        }
        if (key) keys.push_back(*key);
    }
    return keys;
}

}  // namespace amba::cli
