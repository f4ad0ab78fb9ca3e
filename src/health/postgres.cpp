// The start of a session (PostgreSQL's manual, "Message Flow", "Message Formats" and "SASL
// Authentication").
//
// As HAProxy's pgsql-check has it, a server is alive that asks for a password, and one that refuses
// the user or the database too, unless it says that it cannot take connections now (57P03: it
// starts, shuts down or recovers). One that lets the user in is followed to the end of its greeting
// and left with Terminate, so that its log has no broken connection.
//
// With a password it logs in as a client does, in the way that the server asks for: the password
// itself, MD5 or SCRAM-SHA-256. What a server says to that is told by its code alone, as it may
// repeat what it was sent.
//
// Without a user nobody is named, as a server writes a line for each one that it refuses: it is
// asked whether it speaks TLS, which it answers before anything else, and left with FIN, which it
// takes for a change of mind ("such cases often occur for legitimate reasons",
// ProcessStartupPacket()). That it cannot take connections now is then not seen.
#include <algorithm>

#include <optional>

#include "amba/core/result.hpp"
#include "amba/files/digest.hpp"
#include "health/check_dialogue.hpp"
#include "health/scram.hpp"

namespace amba::health {

namespace {

constexpr std::uint32_t kVersion3 = 3 << 16;
constexpr std::size_t kLongest = 8192;              // of one message
constexpr std::string_view kDatabase = "postgres";  // unless another one is asked for
constexpr std::string_view kGoodbye{"X\0\0\0\4", 5};
constexpr std::string_view kSslRequest{"\0\0\0\x08\x04\xd2\x16\x2f", 8};

std::string number(std::uint32_t value) {
    std::string out;
    for (int shift = 24; shift >= 0; shift -= 8)
        out += static_cast<char>(value >> shift & 0xff);
    return out;
}

std::uint32_t number_at(std::string_view bytes, std::size_t at) {
    std::uint32_t out = 0;
    for (std::size_t i = at; i < at + 4; ++i)
        out = out << 8 | static_cast<unsigned char>(bytes[i]);
    return out;
}

// A field of an error: its kind in one letter, then its text, ended by NUL.
std::string field(std::string_view body, char kind) {
    while (!body.empty() && body[0] != '\0') {
        const std::string_view text = body.substr(1, body.find('\0') - 1);
        if (body[0] == kind) return std::string(text);
        body.remove_prefix(std::min(body.size(), text.size() + 2));
    }
    return {};
}

std::string message_of(char kind, std::string_view body) {
    std::string out(1, kind);
    out += number(static_cast<std::uint32_t>(body.size() + 4));
    return out.append(body);
}

// The name is one of a list of texts, each ended by NUL, the list by another.
bool lists(std::string_view list, std::string_view name) {
    while (!list.empty() && list[0] != '\0') {
        const std::string_view each = list.substr(0, list.find('\0'));
        if (each == name) return true;
        list.remove_prefix(std::min(list.size(), each.size() + 1));
    }
    return false;
}

class Postgres final : public CheckDialogue {
  public:
    Postgres(const core::Check& check, SecretPtr secret) :
        named_(!check.user.empty() || !check.database.empty() ||
               check.role == core::CheckRole::kPrimary || secret),
        user_(user_of(check)), database_(check.database),
        primary_(check.role == core::CheckRole::kPrimary), secret_(std::move(secret)) {}

    std::string open() override {
        if (!named_) return std::string(kSslRequest);
        const std::string_view database = database_.empty() ? kDatabase : database_;
        std::string body = number(kVersion3);
        for (const std::string_view word :
             {std::string_view("user"), std::string_view(user_), std::string_view("database"),
              database, std::string_view("application_name"), std::string_view("amba")}) {
            body += word;
            body += '\0';
        }
        body += '\0';
        return number(static_cast<std::uint32_t>(body.size() + 4)) + body;
    }

    Step hear(std::string& heard) override {
        if (!named_) return speaks_tls(heard);
        for (;;) {
            constexpr std::size_t kHead = 5;  // the kind, and the length of what follows it
            if (!heard.empty() && !is_known(heard[0])) return not_postgres(heard);
            if (heard.size() < kHead) return Step::more();
            const std::size_t length = number_at(heard, 1);
            if (length < 4 || length > kLongest) return not_postgres(heard);
            if (heard.size() < length + 1) return Step::more();
            const char kind = heard[0];
            const std::string body = heard.substr(kHead, length - 4);
            heard.erase(0, length + 1);
            Step step = message(kind, body);
            if (step.kind != Step::Kind::kMore || !step.send.empty()) return step;
        }
    }

  private:
    // Authentication, error, notice, parameter, key, version, and the answer to a query.
    static bool is_known(char kind) {
        return std::string_view("RENSKvTDCZ").find(kind) != std::string_view::npos;
    }

    // One byte: S or N.
    Step speaks_tls(const std::string& heard) const {
        if (heard.empty()) return Step::more();
        if (heard == "S" || heard == "N") return Step::alive();
        return not_postgres(heard);
    }

    Step message(char kind, std::string_view body) {
        switch (kind) {
            case 'R': return authentication(body);
            case 'E': return error(body);
            case 'D': return row(body);
            case 'Z': return ready();
            default: return Step::more();
        }
    }

    Step authentication(std::string_view body) {
        if (body.size() < 4) return not_postgres(body);
        const std::uint32_t method = number_at(body, 0);
        body.remove_prefix(4);
        if (method == kLetIn) return let_in();
        if (secret_) return log_in(method, body);
        if (!primary_) return Step::alive();
        return Step::failed("postgres asks " + core::quote(user_) +
                            " for a password; role=primary needs check.password-file, or a user "
                            "whom pg_hba.conf trusts");
    }

    Step let_in() {
        if (scram_ && !proven_) return unproven();
        logging_in_ = false;
        return Step::more();
    }

    Step log_in(std::uint32_t method, std::string_view body) {
        const std::string nul(1, '\0');
        logging_in_ = true;
        switch (method) {
            case kCleartext: return Step::more(message_of('p', secret_->password + nul));
            case kMd5: {
                const std::string inner = files::md5_hex(secret_->password + user_);
                const std::string proof = files::md5_hex(inner + std::string(body.substr(0, 4)));
                return Step::more(message_of('p', "md5" + proof + nul));
            }
            case kSasl: return begin_scram(body);
            case kSaslContinue: return answer_scram(body);
            case kSaslFinal:
                proven_ = scram_ && scram_->is_proof(body);
                return proven_ ? Step::more() : unproven();
            default: return not_accepted("postgres asks for a way to log in other than a password");
        }
    }

    Step begin_scram(std::string_view mechanisms) {
        constexpr std::string_view kName{"SCRAM-SHA-256\0", 14};
        if (!lists(mechanisms, kName.substr(0, kName.size() - 1))) {
            return not_accepted("postgres does not offer SCRAM-SHA-256 without TLS");
        }
        scram_.emplace(Scram::random_nonce());
        const std::string first = scram_->first();
        return Step::more(message_of(
            'p', std::string(kName) + number(static_cast<std::uint32_t>(first.size())) + first));
    }

    Step answer_scram(std::string_view server_first) {
        if (!scram_) return not_postgres(server_first);
        auto answer = scram_->answer(server_first, *secret_);
        if (!answer) return not_accepted("postgres asks for " + answer.error().reason);
        return Step::more(message_of('p', *answer));
    }

    // The server, whoever it is, has not shown that it knows the password.
    static Step unproven() {
        return Step::failed("postgres lets its check in without knowing the password");
    }

    Step not_accepted(std::string why) const {
        return primary_ ? Step::failed(std::move(why)) : Step::refused(std::move(why));
    }

    Step error(std::string_view body) {
        constexpr const char* kCannotConnectNow = "57P03";
        constexpr const char* kNoDatabase = "3D000";
        constexpr const char* kInvalidAuthorization = "28";  // the class of it
        const std::string code = field(body, 'C');
        if (code.empty()) return not_postgres(body);
        if (logging_in_ && code.starts_with(kInvalidAuthorization)) {
            return not_accepted("postgres said " + core::quote(code) +
                                " to the password of its check");
        }
        if (!database_.empty() && code == kNoDatabase) {
            return not_accepted("postgres has no database " + core::quote(database_));
        }
        if (!primary_ && !asked_ && code != kCannotConnectNow) return Step::alive();
        if (logging_in_) return Step::failed("postgres said " + core::quote(code));
        return Step::failed("postgres said " + core::quote(field(body, 'M')) + " (" +
                            core::one_line(code) + ")");
    }

    Step ready() {
        if (!primary_) return Step::alive(std::string(kGoodbye));
        if (asked_) return answered();
        asked_ = true;
        const std::string query = "SELECT pg_catalog.pg_is_in_recovery()";
        return Step::more("Q" + number(static_cast<std::uint32_t>(query.size() + 5)) + query +
                          std::string(1, '\0'));
    }

    // One column of one byte: t or f.
    Step row(std::string_view body) {
        constexpr std::string_view kOneByte{"\0\1\0\0\0\1", 6};
        if (!asked_ || body.size() != kOneByte.size() + 1 || !body.starts_with(kOneByte)) {
            return not_postgres(body);
        }
        in_recovery_ = body.back();
        return Step::more();
    }

    Step answered() {
        if (in_recovery_ == 'f') return Step::alive(std::string(kGoodbye));
        Step step =
            Step::failed(in_recovery_ == 't' ? "postgres is in recovery, not a primary"
                                             : "postgres did not say whether it is in recovery");
        step.send = kGoodbye;
        return step;
    }

    // What answers is not PostgreSQL, and may repeat what it was sent: its answer to a password is
    // not told.
    Step not_postgres(std::string_view bytes) const {
        if (logging_in_) return Step::failed("not a PostgreSQL answer to a password");
        return Step::failed("not a PostgreSQL answer: " + core::quote(bytes.substr(0, 40)));
    }

    // The ways to log in, as the server numbers them.
    static constexpr std::uint32_t kLetIn = 0;
    static constexpr std::uint32_t kCleartext = 3;
    static constexpr std::uint32_t kMd5 = 5;
    static constexpr std::uint32_t kSasl = 10;
    static constexpr std::uint32_t kSaslContinue = 11;
    static constexpr std::uint32_t kSaslFinal = 12;

    const bool named_;
    const std::string user_;
    const std::string database_;  // "": the one called postgres
    const bool primary_;
    const SecretPtr secret_;   // nullptr: without a password
    bool logging_in_ = false;  // the password was made use of, and is not accepted yet
    std::optional<Scram> scram_;
    bool proven_ = false;  // the server knows the password as well
    bool asked_ = false;
    char in_recovery_ = '\0';  // its answer: t or f
};

}  // namespace

std::unique_ptr<CheckDialogue> postgres_dialogue(const core::Check& check,
                                                 const SecretPtr& secret) {
    return std::make_unique<Postgres>(check, secret);
}

}  // namespace amba::health
