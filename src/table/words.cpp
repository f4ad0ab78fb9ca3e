// The grammar of the command line, word by word.
#include "amba/table/words.hpp"

#include <algorithm>
#include <set>

#include "amba/table/validate.hpp"
#include "table/address.hpp"
#include "table/settings.hpp"

namespace amba::table {

using core::Error;
using core::error;
using core::Result;

namespace {

constexpr std::string_view kBlanks = " \t\r\n";

template <class Owner>
std::string keys_of(std::span<const Setting<Owner>> settings) {
    std::string out;
    for (const auto& setting : settings) {
        if (!setting.on_command_line) continue;
        if (!out.empty()) out += ", ";
        out += setting.key;
    }
    return out;
}

std::vector<std::string> parts_of(std::string_view text) {
    std::vector<std::string> out;
    std::size_t at = 0;
    while ((at = text.find_first_not_of(kBlanks, at)) != std::string::npos) {
        const std::size_t end = std::min(text.find_first_of(kBlanks, at), text.size());
        out.emplace_back(text.substr(at, end - at));
        at = end;
    }
    return out;
}

// "/a b", "./a b", "~/a b", "--dir=/a b": no word of a table begins so.
bool has_path(std::string_view word) {
    if (word.starts_with("--")) {
        const std::size_t sign = word.find('=');
        if (sign == std::string_view::npos) return false;
        word.remove_prefix(sign + 1);
    }
    return word.starts_with('/') || word.starts_with("./") || word.starts_with("../") ||
           word.starts_with("~/");
}

// Does this word hold a whole command, or the begin of one?
bool is_command(const std::string& word, const std::vector<std::string>& verbs) {
    if (word.find_first_of(kBlanks) == std::string::npos) return false;
    const std::vector<std::string> parts = parts_of(word);
    if (parts.empty() || !parts.front().starts_with('-')) return !has_path(word);
    return std::any_of(parts.begin() + 1, parts.end(), [&](const std::string& part) {
        return parse_bind(part).has_value() ||
               std::find(verbs.begin(), verbs.end(), part) != verbs.end();
    });
}

// Walks the words once, from left to right.
class Parser {
  public:
    explicit Parser(const std::vector<std::string>& words) : words_(words) {}

    Result<Table> run() {
        Table table;
        do {
            auto frontend = group();
            if (!frontend) return frontend.error();
            table.frontends.push_back(std::move(*frontend));
        } while (take_plus());
        if (auto violation = normalise(table)) return error(violation->reason);
        return table;
    }

  private:
    bool at_end() const { return next_ == words_.size(); }
    bool at_plus() const { return !at_end() && words_[next_] == "+"; }
    bool at_setting() const { return !at_end() && words_[next_].find('=') != std::string::npos; }

    bool take_plus() {
        if (!at_plus()) return false;
        ++next_;
        return true;
    }

    Result<Frontend> group() {
        if (at_end() || at_plus()) {
            return error(next_ == 0 ? "the table is empty; expected a frontend such as 6379 or "
                                      "127.127.0.2:6379"
                                    : "expected a frontend after \"+\"");
        }
        Frontend frontend;
        const auto bind = parse_bind(words_[next_]);
        if (!bind) return bind.error();
        frontend.bind = *bind;
        const std::string& word = words_[next_++];
        if (auto wrong = settings(frontend, frontend_settings(), "frontend", word)) return *wrong;
        while (!at_end() && !at_plus()) {
            auto backend = one_backend();
            if (!backend) return backend.error();
            frontend.backends.push_back(std::move(*backend));
        }
        return frontend;
    }

    Result<Backend> one_backend() {
        const std::string& word = words_[next_++];
        const auto colons = std::count(word.begin(), word.end(), ':');
        const bool bracketed = word.front() == '[';
        Result<Backend> backend = Backend{};
        if (is_service(word)) {
            backend = service(word);
        } else if (colons == 1 || (bracketed && word.back() != ']')) {
            backend = parse_backend_address(word);
        } else {
            backend = host_then_port(word);
        }
        if (!backend) return backend;
        if (auto wrong = settings(*backend, backend_settings(), "backend", word)) return *wrong;
        return backend;
    }

    Result<Backend> service(const std::string& word) {
        auto backend = parse_backend_address(word);
        if (backend && !at_end() && core::parse_port(words_[next_])) {
            return error(quote(words_[next_]) + " after backend " + quote(word) +
                         ": the ports of a service are those of its SRV records");
        }
        return backend;
    }

    Result<Backend> host_then_port(const std::string& word) {
        auto host = parse_host(word);
        if (!host) return host.error();
        if (at_end() || at_plus() || at_setting()) {
            return error("backend " + quote(word) +
                         " has no port; expected HOST PORT or HOST:PORT");
        }
        const std::string& port_word = words_[next_++];
        const auto port = core::parse_port(port_word);
        if (!port) {
            return error(quote(port_word) + " after backend " + quote(word) +
                         " is not a port; expected a number from 1 to 65535");
        }
        Backend backend;
        backend.host = std::move(*host);
        backend.port = *port;
        return backend;
    }

    template <class Owner>
    std::optional<Error> settings(Owner& owner, std::span<const Setting<Owner>> known,
                                  std::string_view kind, const std::string& of) {
        std::set<std::string_view> seen;
        for (; at_setting(); ++next_) {
            const std::string_view word = words_[next_];
            const std::string_view key = word.substr(0, word.find('='));
            const std::string_view value = word.substr(key.size() + 1);
            const auto found = std::find_if(known.begin(), known.end(), [&](const auto& setting) {
                return setting.on_command_line && key == setting.key;
            });
            if (found == known.end()) {
                return error(quote(word) + ": a " + std::string(kind) + " has no key " +
                             quote(key) + "; expected one of " + keys_of(known));
            }
            if (!seen.insert(key).second) {
                return error(quote(word) + ": " + quote(key) + " is given twice for " +
                             std::string(kind) + " " + of);
            }
            if (auto reason = found->read(owner, value)) {
                return error(quote(word) + ": " + *reason);
            }
        }
        return std::nullopt;
    }

    const std::vector<std::string>& words_;
    std::size_t next_ = 0;
};

}  // namespace

std::vector<std::string> split_words(std::vector<std::string> words,
                                     const std::vector<std::string>& verbs) {
    if (words.empty() || !is_command(words.front(), verbs)) return words;
    std::vector<std::string> out = parts_of(words.front());
    for (std::size_t i = 1; i < words.size(); ++i) {
        if (has_path(words[i])) {
            out.push_back(std::move(words[i]));
        } else {
            for (std::string& part : parts_of(words[i]))
                out.push_back(std::move(part));
        }
    }
    return out;
}

Result<Table> parse_words(const std::vector<std::string>& words) {
    for (const std::string& word : words) {
        if (word.empty()) return error("an empty word (\"\") in the table");
    }
    return Parser(words).run();
}

}  // namespace amba::table
