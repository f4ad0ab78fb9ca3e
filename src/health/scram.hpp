// The client's side of SCRAM-SHA-256, without channel binding (RFC 5802, RFC 7677).
//
// The password is taken as it is: of SASLprep (RFC 4013) an ASCII password needs nothing.
#pragma once

#include <string>
#include <string_view>

#include "amba/core/result.hpp"
#include "health/secret.hpp"

namespace amba::health {

class Scram {
  public:
    // More would keep the loop from its connections; PostgreSQL's default is 4,096.
    static constexpr int kMostRounds = 20'000;

    // `nonce`: printable ASCII without a comma. `user`: PostgreSQL ignores it.
    explicit Scram(std::string nonce, const std::string& user = {});
    static std::string random_nonce();

    std::string first() const { return "n,," + bare_; }
    // The proof, after the server's first message.
    core::Result<std::string> answer(std::string_view server_first, Secret& secret);
    // Whether the server's last message shows that it knows the password.
    bool is_proof(std::string_view server_final) const;

  private:
    const std::string nonce_;
    const std::string bare_;
    std::string expected_;  // of the server
};

}  // namespace amba::health
