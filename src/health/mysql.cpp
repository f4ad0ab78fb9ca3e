// A whole login, without a password: greeting, answer, COM_QUIT (MySQL's internals, "Connection
// Phase"; MariaDB's knowledge base, "Connection").
//
// To read the greeting and leave would do, but a server counts it as a connect that was
// interrupted, and blocks the whole host after max_connect_errors of them (100 by default), amba's
// clients with it; HAProxy's manual warns of that under "option mysql-check". HAProxy's own login
// leaves in the middle too where the server wants another method than the one offered, as MySQL 8
// does. So every step is answered as the protocol has it. A login that is refused (SQLSTATE 28000)
// is counted as an authentication error, which blocks nobody, and says that the server is alive:
// `user` need not exist. But one without a password and without rights spares the server a line in
// its log, and learns that there are too many connections, which is judged after the login.
#include "amba/core/result.hpp"
#include "health/talk.hpp"

namespace amba::health {

namespace {

constexpr std::size_t kHead = 4;        // length in three bytes, the lowest first; then a count
constexpr std::size_t kLongest = 8192;  // of one packet
constexpr std::size_t kSignature = 64;  // of ed25519
constexpr std::string_view kQuit{"\1\0\0\0\1", 5};

std::string packet(char count, std::string_view body) {
    std::string out;
    out += static_cast<char>(body.size() & 0xff);
    out += static_cast<char>(body.size() >> 8 & 0xff);
    out += '\0';
    out += count;
    return out.append(body);
}

std::string login(char count, std::string_view user) {
    // CLIENT_LONG_PASSWORD, _PROTOCOL_41, _SECURE_CONNECTION, _PLUGIN_AUTH; 16 MB; utf8; 23 zeros
    std::string body{"\x01\x82\x08\x00\x00\x00\x00\x01\x21", 9};
    body.append(23, '\0');
    body.append(user).append(1, '\0');
    body.append(1, '\0');  // the length of the proof: no password
    body.append("mysql_native_password").append(1, '\0');
    return packet(count, body);
}

// The answer to a method, of one who has no password; it must have the length that is expected, or
// the server takes it for a broken handshake.
std::string proof(std::string_view method) {
    if (method == "mysql_native_password") return {};
    if (method == "client_ed25519") return std::string(kSignature, '\0');
    return std::string(1, '\0');
}

class Mysql final : public Talk {
  public:
    explicit Mysql(const core::Check& check) : user_(user_of(check)) {}

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
        return Step::more(login(1, user_));
    }

    Step answer(char count, std::string_view body) {
        const char next = static_cast<char>(count + 1);
        switch (byte(body, 0)) {
            case 0x00: return Step::alive(std::string(kQuit));
            case 0x01: return more(body);
            case 0xfe: return Step::more(packet(next, proof(method(body))));
            case 0xff: return is_refused_login(body) ? Step::alive() : failed(body);
            default: return not_mysql(body);
        }
    }

    // caching_sha2_password: 3 is well, 4 asks for the password itself.
    Step more(std::string_view body) {
        if (body.size() == 2 && byte(body, 1) == 3) return Step::more();
        return Step::failed("mysql asks " + core::quote(user_) +
                            " for a password; expected a user without one");
    }

    static std::string_view method(std::string_view body) {
        const std::string_view rest = body.substr(1);
        return rest.substr(0, rest.find('\0'));
    }

    // 0xff, two bytes of code, # and five of SQLSTATE, the message.
    static bool is_refused_login(std::string_view body) {
        return body.size() >= 9 && body[3] == '#' && body.substr(4, 2) == "28";
    }

    static Step failed(std::string_view body) {
        if (body.size() < 3) return not_mysql(body);
        const std::size_t code = byte(body, 1) | byte(body, 2) << 8;
        const bool with_state = body.size() >= 9 && body[3] == '#';
        return Step::failed("mysql said " + core::quote(body.substr(with_state ? 9 : 3)) + " (" +
                            std::to_string(code) + ")");
    }

    static Step not_mysql(std::string_view bytes) {
        return Step::failed("not a MySQL answer: " + core::quote(bytes.substr(0, 40)));
    }

    const std::string user_;
    bool greeted_ = false;
};

}  // namespace

std::unique_ptr<Talk> mysql_talk(const core::Check& check) {
    return std::make_unique<Mysql>(check);
}

}  // namespace amba::health
