// PING, and ROLE where a primary is wanted (Redis 2.8.12 and later, Valkey, KeyDB).
//
// Both are sent as plain lines, which every server of the protocol takes. ROLE alone would not do:
// it is answered while the data set is being loaded. With a password AUTH comes first; of its
// answer no more than the code is told to anybody, as a server that does not know it repeats its
// arguments. A database that is asked for is selected before the PING.
#include <algorithm>
#include <array>

#include "amba/core/result.hpp"
#include "health/check_dialogue.hpp"

namespace amba::health {

namespace {

// Errors of a server that is alive and does not serve just anybody. What is not listed (LOADING,
// MASTERDOWN, BUSY, ...) it says of itself.
constexpr std::array<std::string_view, 6> kAlive{"NOAUTH", "NOPERM",  "DENIED",
                                                 "ERR",    "MISCONF", "WRONGPASS"};
constexpr std::string_view kFull = "ERR max number of clients";

bool is_alive(std::string_view error) {
    const std::string_view code = error.substr(0, error.find(' '));
    if (error.starts_with(kFull)) return false;
    return std::find(kAlive.begin(), kAlive.end(), code) != kAlive.end();
}

Step said(std::string_view line) {
    return Step::failed("redis said " + core::quote(line));
}

class Redis final : public CheckDialogue {
  public:
    Redis(const core::Check& check, const SecretPtr& secret) :
        primary_(check.role == core::CheckRole::kPrimary), auth_(auth(check.user, secret)),
        database_(check.database), next_(!auth_.empty()       ? Answer::kAuth
                                         : !database_.empty() ? Answer::kSelect
                                                              : Answer::kPing) {}

    std::string open() override {
        const std::string select = database_.empty() ? "" : "SELECT " + database_ + "\r\n";
        return auth_ + select + "PING\r\n";
    }

    Step hear(std::string& heard) override {
        for (;;) {
            const std::size_t end = heard.find("\r\n");
            if (end == std::string::npos) {
                const bool known =
                    heard.empty() || heard[0] == '+' || heard[0] == '-' || next_ == Answer::kRole;
                return known ? Step::more() : said(heard);
            }
            const std::string line = heard.substr(0, end);
            heard.erase(0, end + 2);
            Step step = answer(line);
            if (step.kind != Step::Kind::kMore || !step.send.empty()) return step;
        }
    }

  private:
    enum class Answer : std::uint8_t { kAuth, kSelect, kPing, kRole };

    Step answer(const std::string& line) {
        switch (next_) {
            case Answer::kAuth: return authenticated(line);
            case Answer::kSelect: return selected(line);
            case Answer::kPing: return pong(line);
            case Answer::kRole: return role(line);
        }
        return said(line);
    }

    // As an array of strings: a password may hold anything.
    static std::string auth(const std::string& user, const SecretPtr& secret) {
        if (!secret) return {};
        std::string out = user.empty() ? "*2" : "*3";
        const auto add = [&](std::string_view word) {
            out += "\r\n$" + std::to_string(word.size()) + "\r\n" + std::string(word);
        };
        add("AUTH");
        if (!user.empty()) add(user);
        add(secret->password);
        return out + "\r\n";
    }

    // One that wants no password says so, in the words of its version, and serves.
    Step authenticated(std::string_view line) {
        next_ = database_.empty() ? Answer::kPing : Answer::kSelect;
        if (line == "+OK" || line.find("no password is set") != std::string_view::npos ||
            line.find("without any password configured") != std::string_view::npos) {
            return Step::more();
        }
        if (!line.starts_with('-') || !is_alive(line.substr(1))) return said(code(line));
        return not_accepted("redis said " + core::quote(code(line)) +
                            " to the password of its check");
    }

    Step selected(std::string_view line) {
        next_ = Answer::kPing;
        if (line == "+OK") return Step::more();
        if (!line.starts_with('-') || !is_alive(line.substr(1))) return said(line);
        return not_accepted("redis said " + core::quote(line) + " to check.database " +
                            core::quote(database_));
    }

    Step not_accepted(std::string why) const {
        return primary_ ? Step::failed(std::move(why)) : Step::refused(std::move(why));
    }

    static std::string_view code(std::string_view line) { return line.substr(0, line.find(' ')); }

    Step pong(std::string_view line) {
        const bool alive = line == "+PONG" || (line.starts_with('-') && is_alive(line.substr(1)));
        if (!alive) return said(line);
        if (!primary_) return Step::alive();
        if (line != "+PONG") return refused(line);
        next_ = Answer::kRole;
        return Step::more("ROLE\r\n");
    }

    // *3 $6 master ...: an array whose first element is the role.
    Step role(const std::string& line) {
        if (line.starts_with('-')) return refused(line);
        const char kind = "*$"[lines_ < 2 ? lines_ : 0];
        if (lines_++ < 2) {
            return line.starts_with(kind) ? Step::more() : said(line);
        }
        if (line == "master") return Step::alive();
        return Step::failed("redis is " + core::quote(line) + ", not a primary");
    }

    static Step refused(std::string_view line) {
        return Step::failed(
            "redis said " + core::quote(line) +
            "; role=primary needs a user who may ask for ROLE: check.user, check.password-file");
    }

    const bool primary_;
    const std::string auth_;  // "" without a password
    const std::string database_;
    Answer next_;    // is what is read next
    int lines_ = 0;  // of the answer to ROLE
};

}  // namespace

std::unique_ptr<CheckDialogue> redis_dialogue(const core::Check& check, const SecretPtr& secret) {
    return std::make_unique<Redis>(check, secret);
}

}  // namespace amba::health
