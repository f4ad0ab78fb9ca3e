// An http check is one request; the status line of the answer decides.
//
// The connection is closed without reading the rest, which a server that still writes may note:
// HEAD spares it that.
#include "amba/core/result.hpp"
#include "health/check_dialogue.hpp"

namespace amba::health {

namespace {

const char* word_of(core::CheckMethod method) {
    switch (method) {
        case core::CheckMethod::kGet: break;
        case core::CheckMethod::kHead: return "HEAD";
        case core::CheckMethod::kOptions: return "OPTIONS";
    }
    return "GET";
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

class Http final : public CheckDialogue {
  public:
    Http(const core::Check& check, const core::Endpoint& backend) : check_(check) {
        host_ = check.host.empty() ? backend.to_string() : check.host;
    }

    std::string open() override {
        return std::string(word_of(check_.method)) + " " + check_.path +
               " HTTP/1.1\r\nHost: " + host_ +
               "\r\nUser-Agent: amba\r\nAccept: */*\r\nConnection: close\r\n\r\n";
    }

    Step hear(std::string& heard) override {
        constexpr std::string_view kVersion = "HTTP/1.";
        constexpr std::size_t kCode = 9;  // "HTTP/1.1 "
        const std::string_view front = std::string_view(heard).substr(0, kVersion.size());
        if (front != kVersion.substr(0, front.size())) return not_http(heard);
        const std::size_t end = heard.find('\n');
        // A code may be followed by nothing at all: the line has to be whole.
        if (end == std::string::npos) return heard.size() > kLine ? not_http(heard) : Step::more();
        std::string_view line = std::string_view(heard).substr(0, end);
        if (line.ends_with('\r')) line.remove_suffix(1);
        const bool whole = line.size() >= kCode + 3 && is_digit(line[kCode - 2]) &&
                           line[kCode - 1] == ' ' && is_digit(line[kCode]) &&
                           is_digit(line[kCode + 1]) && is_digit(line[kCode + 2]) &&
                           (line.size() == kCode + 3 || line[kCode + 3] == ' ');
        if (!whole) return not_http(line);
        const int code =
            (line[kCode] - '0') * 100 + (line[kCode + 1] - '0') * 10 + (line[kCode + 2] - '0');
        if (code >= check_.expect_least && code <= check_.expect_most) return Step::alive();
        return Step::failed("http status " + core::quote(line.substr(kCode)));
    }

  private:
    static constexpr std::size_t kLine = 1024;
    static Step not_http(std::string_view text) {
        return Step::failed("not an HTTP answer: " + core::quote(text.substr(0, 40)));
    }

    const core::Check check_;
    std::string host_;
};

}  // namespace

std::unique_ptr<CheckDialogue> http_dialogue(const core::Check& check,
                                             const core::Endpoint& backend) {
    return std::make_unique<Http>(check, backend);
}

}  // namespace amba::health
