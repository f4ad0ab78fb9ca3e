// Of each salt the slow part is done once (Secret::salted); the rest is a few digests.
#include "health/scram.hpp"

#include <sys/random.h>

#include <algorithm>
#include <charconv>

#include "amba/files/digest.hpp"

namespace amba::health {

namespace {

// The value of "KEY=value" at the front of `text`, which loses it and the comma after it.
std::string_view take_value(std::string_view& text, char key) {
    if (text.size() < 2 || text[0] != key || text[1] != '=') return {};
    const std::string_view part = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
    return part.substr(2);
}

}  // namespace

Scram::Scram(std::string nonce, const std::string& user) :
    nonce_(std::move(nonce)), bare_("n=" + user + ",r=" + nonce_) {}

std::string Scram::random_nonce() {
    std::string bytes(18, '\0');
    // So few bytes are never given in part (getrandom(2)).
    if (getrandom(bytes.data(), bytes.size(), 0) < 0) return {};
    return files::base64(bytes);
}

core::Result<std::string> Scram::answer(std::string_view server_first, Secret& secret) {
    std::string_view rest = server_first;
    const std::string_view nonce = take_value(rest, 'r');
    const auto salt = files::from_base64(take_value(rest, 's'));
    const std::string_view count = take_value(rest, 'i');
    int rounds = 0;
    const auto [end, failure] = std::from_chars(count.data(), count.data() + count.size(), rounds);
    if (nonce.size() <= nonce_.size() || !nonce.starts_with(nonce_) || nonce_.empty() || !salt ||
        salt->empty() || count.empty() || failure != std::errc{} ||
        end != count.data() + count.size() || rounds < 1) {
        return core::error("a message that is not SCRAM's");
    }
    if (rounds > kMostRounds) {
        return core::error(std::to_string(rounds) + " rounds of SCRAM, more than " +
                           std::to_string(kMostRounds));
    }
    const std::string without_proof = "c=biws,r=" + std::string(nonce);
    const std::string all = bare_ + "," + std::string(server_first) + "," + without_proof;
    const std::string& salted = secret.salted(*salt, rounds);
    const std::string client_key = files::hmac_sha256(salted, "Client Key");
    expected_ = files::hmac_sha256(files::hmac_sha256(salted, "Server Key"), all);
    return without_proof + ",p=" +
           files::base64(
               files::exclusive_or(client_key, files::hmac_sha256(files::sha256(client_key), all)));
}

bool Scram::is_proof(std::string_view server_final) const {
    return !expected_.empty() && files::from_base64(take_value(server_final, 'v')) == expected_;
}

}  // namespace amba::health
