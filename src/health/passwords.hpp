// The password files that checks want, read beside the loop: they may lie on a disk that does not
// answer.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "amba/core/duration.hpp"
#include "amba/health/checks.hpp"
#include "health/secret.hpp"

namespace amba::health {

class Passwords {
  public:
    // `news` is called from the loop when a file that get() did not know has been read.
    Passwords(Checks::Beside beside, std::function<void()> news) :
        beside_(std::move(beside)), news_(std::move(news)) {}

    struct Password {
        SecretPtr secret;    // nullptr: it cannot be used
        std::string reason;  // of that
    };
    // nullptr when it was not read within the last second: it is being read from now on. What it
    // points to holds until the next call.
    const Password* get(const std::string& path);

  private:
    struct Entry {
        Password known;
        core::Time read_at{};
        bool reading = false;
    };
    void take(const std::string& path, core::Result<SecretPtr> result);

    Checks::Beside beside_;
    std::function<void()> news_;
    std::map<std::string, Entry> entries_;
    // A read that ends too late finds that it has expired.
    std::shared_ptr<Passwords*> self_ = std::make_shared<Passwords*>(this);
};

}  // namespace amba::health
