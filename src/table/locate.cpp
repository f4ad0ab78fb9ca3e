// A walk along a JSON pointer, without building anything.
#include "table/locate.hpp"

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace amba::table {

namespace {

// Steps over well-formed JSON without building anything.
class Walker {
  public:
    explicit Walker(std::string_view text) : text_(text) {}

    std::size_t offset() const { return at_; }
    void seek(std::size_t offset) { at_ = offset; }
    bool at_end() const { return at_ >= text_.size(); }
    char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

    void blanks() {
        // nlohmann accepts one byte order mark in front.
        if (at_ == 0 && text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
        while (at_ < text_.size() &&
               std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) {
            ++at_;
        }
    }
    void step() { at_ = std::min(at_ + 1, text_.size()); }

    std::string_view string_token() {
        const std::size_t from = at_++;
        while (at_ < text_.size() && text_[at_] != '"')
            at_ += text_[at_] == '\\' ? 2 : 1;
        at_ = std::min(at_ + 1, text_.size());
        return text_.substr(from, at_ - from);
    }

    // Skips a whole value; brackets are counted, so depth costs no stack.
    void value() {
        std::size_t depth = 0;
        do {
            blanks();
            const char c = peek();
            if (c == '"') {
                string_token();
            } else if (c == '{' || c == '[') {
                ++depth;
                step();
                continue;
            } else if (c == '}' || c == ']') {
                if (depth > 0) --depth;  // 0: not well-formed after all
                step();
            } else if (c == ',' || c == ':') {
                step();
                continue;
            } else {
                while (at_ < text_.size() &&
                       std::string_view(",:]} \t\r\n").find(text_[at_]) == std::string_view::npos) {
                    ++at_;
                }
            }
        } while (depth > 0 && at_ < text_.size());
    }

  private:
    std::string_view text_;
    std::size_t at_ = 0;
};

std::string unescape(std::string_view token) {
    std::string out;
    for (std::size_t i = 0; i < token.size(); ++i) {
        if (token[i] == '~' && i + 1 < token.size()) {
            out += token[++i] == '1' ? '/' : '~';
        } else {
            out += token[i];
        }
    }
    return out;
}

struct FoundMember {
    std::size_t key;
    std::size_t value;
};

std::optional<FoundMember> find_member(Walker& walker, const std::string& name) {
    std::optional<FoundMember> found;
    walker.step();  // {
    for (walker.blanks(); walker.peek() == '"'; walker.blanks()) {
        const std::size_t key = walker.offset();
        const std::string_view token = walker.string_token();
        walker.blanks();
        walker.step();  // :
        walker.blanks();
        const auto read = nlohmann::json::parse(token, nullptr, false);
        if (read.is_string() && read.get_ref<const std::string&>() == name) {
            found = FoundMember{key, walker.offset()};
        }
        walker.value();
        walker.blanks();
        if (walker.peek() == ',') walker.step();
    }
    return found;
}

std::optional<FoundMember> find_element(Walker& walker, const std::string& token) {
    // A text that is not well-formed after all may lead here with the name of a member.
    if (token.empty() || token.find_first_not_of("0123456789") != std::string::npos) {
        return std::nullopt;
    }
    const unsigned long index = std::strtoul(token.c_str(), nullptr, 10);
    walker.step();  // [
    walker.blanks();
    for (unsigned long i = 0; i < index && !walker.at_end() && walker.peek() != ']'; ++i) {
        walker.value();
        walker.blanks();
        if (walker.peek() == ',') walker.step();
        walker.blanks();
    }
    if (walker.at_end() || walker.peek() == ']') return std::nullopt;
    return FoundMember{walker.offset(), walker.offset()};
}

}  // namespace

Position position_of(std::string_view text, std::size_t offset) {
    const std::string_view before = text.substr(0, std::min(offset, text.size()));
    const auto lines = static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n'));
    const std::size_t last = before.rfind('\n');
    const std::size_t start = last == std::string_view::npos ? 0 : last + 1;
    return {lines + 1, before.size() - start + 1};
}

std::size_t locate(std::string_view text, std::string_view pointer, bool at_key) {
    Walker walker(text);
    walker.blanks();
    FoundMember here{walker.offset(), walker.offset()};
    while (!pointer.empty()) {
        pointer.remove_prefix(1);  // '/'
        const std::size_t slash = std::min(pointer.find('/'), pointer.size());
        const std::string token = unescape(pointer.substr(0, slash));
        pointer.remove_prefix(slash);
        walker.seek(here.value);
        std::optional<FoundMember> next;
        if (walker.peek() == '{') next = find_member(walker, token);
        if (walker.peek() == '[') next = find_element(walker, token);
        if (!next) return here.value;
        here = *next;
    }
    return at_key ? here.key : here.value;
}

}  // namespace amba::table
