// Without a thread to read it beside the loop a file is read in place, as in tests.
#include "health/passwords.hpp"

#include <optional>

namespace amba::health {

namespace {

constexpr core::Duration kFresh{1000};
constexpr core::Duration kForgotten{600'000};  // a password that nobody asks for any more

}  // namespace

const Passwords::Password* Passwords::get(const std::string& path) {
    Entry& entry = entries_[path];
    const core::Time now = core::Clock::now();
    if (entry.read_at != core::Time{} && now - entry.read_at < kFresh) return &entry.known;
    if (entry.reading) return nullptr;
    if (!beside_) {
        take(path, read_secret(path));
        return &entry.known;
    }
    entry.reading = true;
    const auto result = std::make_shared<std::optional<core::Result<SecretPtr>>>();
    beside_([path, result] { result->emplace(read_secret(path)); },
            [path, result, self = std::weak_ptr<Passwords*>(self_)] {
                const auto still = self.lock();
                if (!still || !*result) return;
                (*still)->take(path, std::move(**result));
                (*still)->news_();
            });
    return nullptr;
}

void Passwords::take(const std::string& path, core::Result<SecretPtr> result) {
    const core::Time now = core::Clock::now();
    std::erase_if(entries_, [&](const auto& each) {
        return each.first != path && !each.second.reading && now - each.second.read_at > kForgotten;
    });
    Entry& entry = entries_[path];
    entry.reading = false;
    entry.read_at = now;
    if (result) {
        // The same password keeps what was computed of it.
        const SecretPtr& old = entry.known.secret;
        if (old && old->password == (*result)->password) return;
        entry.known = {*result, {}};
    } else {
        entry.known = {nullptr, result.error().reason};
    }
}

}  // namespace amba::health
