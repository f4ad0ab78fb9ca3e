// A whole login: greeting, answer, COM_QUIT (MySQL's internals, "Connection
// Phase"; MariaDB's knowledge base, "Connection").
//
// To read the greeting and leave would do, but a server counts it as a connect that was
// interrupted, and blocks the whole host after max_connect_errors of them (100 by default), amba's
// clients with it; HAProxy's manual warns of that under "option mysql-check". HAProxy's own login
// leaves in the middle too where the server wants another method than the one offered, as MySQL 8
// does. So every step is answered as the protocol has it. A login that is refused (SQLSTATE 28000)
// is counted as an authentication error, which blocks nobody, and says that the server is alive:
// `user` need not exist. But one that is let in spares the server a line in its log, and learns
// that there are too many connections, which is judged after the login.
//
// The password itself is never sent: mysql_native_password and the short way of
// caching_sha2_password prove that it is known. A server that wants it in full (it has not seen the
// user since it started) gets an answer that it refuses, so that the login has an end.
#include <algorithm>

#include "amba/core/result.hpp"
#include "amba/files/digest.hpp"
#include "health/check_dialogue.hpp"

namespace amba::health {

namespace {

constexpr std::size_t kHead = 4;        // length in three bytes, the lowest first; then a count
constexpr std::size_t kLongest = 8192;  // of one packet
constexpr std::size_t kSignature = 64;  // of ed25519
constexpr std::size_t kSalt = 20;
constexpr std::string_view kQuit{"\1\0\0\0\1", 5};

std::string packet(char count, std::string_view body) {
    std::string out;
    out += static_cast<char>(body.size() & 0xff);
    out += static_cast<char>(body.size() >> 8 & 0xff);
    out += '\0';
    out += count;
    return out.append(body);
}

constexpr std::string_view kNative = "mysql_native_password";
constexpr std::string_view kCaching = "caching_sha2_password";

// Of a method, the answer to the server's salt. Without a password, or to a method that is not
// known here, it has the length that is expected, or the server takes it for a broken handshake.
std::string proof(std::string_view method, std::string_view salt, const SecretPtr& secret) {
    if (secret && method == kNative) {
        const std::string once = files::sha1(secret->password);
        return files::exclusive_or(once, files::sha1(std::string(salt) + files::sha1(once)));
    }
    if (secret && method == kCaching) {
        const std::string once = files::sha256(secret->password);
        return files::exclusive_or(once, files::sha256(files::sha256(once) + std::string(salt)));
    }
    if (method == kNative) return {};
    if (method == "client_ed25519") return std::string(kSignature, '\0');
    return std::string(1, '\0');
}

// After the version, which NUL ends: the thread in four bytes, eight of the salt, NUL, seven bytes
// about the server, the length of the salt, ten zeros, the rest of the salt.
std::string salt_of_greeting(std::string_view body) {
    constexpr std::size_t kFirst = 8;
    constexpr std::size_t kBetween = 19;
    body.remove_prefix(std::min(body.size(), body.find('\0', 1)));
    body.remove_prefix(std::min<std::size_t>(body.size(), 1 + 4));
    std::string out(body.substr(0, kFirst));
    body.remove_prefix(std::min(body.size(), kFirst + kBetween));
    out += body.substr(0, kSalt - kFirst);
    return out;
}

class Mysql final : public CheckDialogue {
  public:
    Mysql(const core::Check& check, SecretPtr secret) :
        user_(user_of(check)), database_(check.database), secret_(std::move(secret)) {}

    Step hear(std::string& heard) override {
        for (;;) {
            if (heard.size() < kHead) return Step::more();
            const std::size_t length = byte(heard, 0) | byte(heard, 1) << 8 | byte(heard, 2) << 16;
            if (length == 0 || length > kLongest) return not_mysql(heard);
            if (heard.size() < kHead + length) return Step::more();
            const char count = heard[3];
            const std::string body = heard.substr(kHead, length);
            heard.erase(0, kHead + length);
            Step step = greeted_ ? answer(count, body) : greeting(count, body);
            if (step.kind != Step::Kind::kMore || !step.send.empty()) return step;
        }
    }

  private:
    static std::size_t byte(std::string_view bytes, std::size_t at) {
        return static_cast<unsigned char>(bytes[at]);
    }

    Step greeting(char count, std::string_view body) {
        constexpr std::size_t kVersion10 = 10;
        constexpr std::size_t kError = 0xff;
        if (byte(body, 0) == kError) return failed(body);
        if (count != 0 || byte(body, 0) != kVersion10) return not_mysql(body);
        greeted_ = true;
        return Step::more(packet(1, login(salt_of_greeting(body))));
    }

    std::string login(std::string_view salt) const {
        // CLIENT_LONG_PASSWORD, _PROTOCOL_41, _SECURE_CONNECTION, _PLUGIN_AUTH, and
        // _CONNECT_WITH_DB; 16 MB; utf8; 23 zeros
        std::string body{"\x01\x82\x08\x00\x00\x00\x00\x01\x21", 9};
        if (!database_.empty()) body[0] = '\x09';
        body.append(23, '\0');
        body.append(user_).append(1, '\0');
        const std::string answer = proof(kNative, salt, secret_);
        body.append(1, static_cast<char>(answer.size())).append(answer);
        if (!database_.empty()) body.append(database_).append(1, '\0');
        return body.append(kNative).append(1, '\0');
    }

    Step answer(char count, std::string_view body) {
        const char next = static_cast<char>(count + 1);
        switch (byte(body, 0)) {
            case 0x00: return Step::alive(std::string(kQuit));
            case 0x01: return more(next, body);
            case 0xfe: return change_method(next, body.substr(1));
            case 0xff: return error(body);
            default: return not_mysql(body);
        }
    }

    // caching_sha2_password: 3 is well, 4 asks for the password itself.
    Step more(char next, std::string_view body) {
        if (body.size() == 2 && byte(body, 1) == 3) return Step::more();
        asks_in_full_ = true;
        return Step::more(packet(next, std::string(1, '\0')));
    }

    // The method, NUL, and its salt.
    Step change_method(char next, std::string_view body) {
        const std::string_view method = body.substr(0, body.find('\0'));
        body.remove_prefix(std::min(body.size(), method.size() + 1));
        is_known_ = method == kNative || method == kCaching;
        return Step::more(packet(next, proof(method, body.substr(0, kSalt), secret_)));
    }

    Step error(std::string_view body) const {
        if (is_refused_login(body)) return refused(code(body));
        if (!database_.empty() && is_about_database(code(body))) {
            return Step::refused("mysql said " + std::to_string(code(body)) +
                                 " to check.database " + core::quote(database_));
        }
        return failed(body);
    }

    Step refused(std::size_t code) const {
        if (!secret_) return Step::alive();
        if (asks_in_full_) {
            return Step::refused("mysql asks for the password itself, which a check does not send");
        }
        if (!is_known_) {
            return Step::refused("mysql asks for a way to log in other than " +
                                 std::string(kNative) + " and " + std::string(kCaching));
        }
        return Step::refused("mysql said " + std::to_string(code) +
                             " to the password of its check");
    }

    static std::size_t code(std::string_view body) {
        return body.size() < 3 ? 0 : byte(body, 1) | byte(body, 2) << 8;
    }

    // ER_DBACCESS_DENIED_ERROR, ER_BAD_DB_ERROR
    static bool is_about_database(std::size_t code) { return code == 1044 || code == 1049; }

    // 0xff, two bytes of code, # and five of SQLSTATE, the message.
    static bool is_refused_login(std::string_view body) {
        return body.size() >= 9 && body[3] == '#' && body.substr(4, 2) == "28";
    }

    static Step failed(std::string_view body) {
        if (body.size() < 3) return not_mysql(body);
        const bool with_state = body.size() >= 9 && body[3] == '#';
        return Step::failed("mysql said " + core::quote(body.substr(with_state ? 9 : 3)) + " (" +
                            std::to_string(code(body)) + ")");
    }

    static Step not_mysql(std::string_view bytes) {
        return Step::failed("not a MySQL answer: " + core::quote(bytes.substr(0, 40)));
    }

    const std::string user_;
    const std::string database_;  // "": none
    const SecretPtr secret_;      // nullptr: without a password
    bool greeted_ = false;
    bool is_known_ = true;       // the method that the server asks for
    bool asks_in_full_ = false;  // for the password itself
};

}  // namespace

std::unique_ptr<CheckDialogue> mysql_dialogue(const core::Check& check, const SecretPtr& secret) {
    return std::make_unique<Mysql>(check, secret);
}

}  // namespace amba::health
