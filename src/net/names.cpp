#include "amba/net/names.hpp"

#include <algorithm>
#include <set>

#include "amba/log/log.hpp"

namespace amba::net {

using namespace std::chrono_literals;

namespace {

constexpr core::Duration kLeastTtl = 1s;  // also the time between tries for a dead address

std::string list_of(const std::vector<core::Address>& addresses) {
    std::string out;
    for (const core::Address& address : addresses) {
        if (!out.empty()) out += ", ";
        out += address.to_string();
    }
    return out;
}

}  // namespace

struct Names::Entry final : Deadline {
    Entry(Names& names_in, Name name_in) : names(names_in), name(std::move(name_in)) {}
    void on_deadline() override { names.ask(*this); }

    Names& names;
    Name name;
    std::vector<core::Address> addresses;
    core::Time asked_at{};
    core::Duration retry = kLeastTtl;
    bool asking = false;
    bool answered = false;
    bool said_failing = false;
    bool said_own = false;
};

struct Names::Settling final : Deadline {
    explicit Settling(std::function<void()> ready_in) : ready(std::move(ready_in)) {}
    void on_deadline() override {
        const auto call = std::move(ready);  // may replace this
        call();
    }
    std::set<std::string> waiting;
    std::function<void()> ready;
};

std::string Name::key() const {
    return host + ":" + std::to_string(port) + (both_families ? " both" : "");
}

Names::Names(Resolver& resolver, Deadlines& deadlines, Changed changed) :
    resolver_(resolver), deadlines_(deadlines), changed_(std::move(changed)) {}

Names::~Names() = default;

Names::Entry& Names::find_or_add(const Name& name) {
    auto& entry = entries_[name.key()];
    if (!entry) entry = std::make_unique<Entry>(*this, name);
    return *entry;
}

void Names::prepare(const std::vector<Name>& names, Own own, core::Duration at_most,
                    std::function<void()> ready) {
    own_ = std::move(own);
    auto settling = std::make_unique<Settling>(std::move(ready));
    for (const Name& name : names) {
        Entry& entry = find_or_add(name);
        const auto is_own = [&](const core::Address& a) {
            return own_({a, name.port});
        };
        if (std::any_of(entry.addresses.begin(), entry.addresses.end(), is_own)) {
            entry.answered = false;
        }
        if (entry.answered) continue;
        settling->waiting.insert(name.key());
        ask(entry);
    }
    settling_ = std::move(settling);
    deadlines_.set(*settling_, core::Clock::now() + at_most);
    settle();
}

void Names::settle() {
    if (!settling_ || !settling_->waiting.empty()) return;
    const auto done = std::move(settling_);
    done->clear();
    if (done->ready) done->ready();
}

void Names::keep_only(const std::vector<Name>& names, Own own) {
    own_ = std::move(own);
    std::set<std::string> kept;
    for (const Name& name : names) {
        find_or_add(name).name.resolve = name.resolve;
        kept.insert(name.key());
    }
    std::erase_if(entries_, [&](const auto& item) { return !kept.contains(item.first); });
}

std::vector<core::Address> Names::addresses(const Name& name) const {
    const auto found = entries_.find(name.key());
    return found == entries_.end() ? std::vector<core::Address>() : found->second->addresses;
}

Names::Addresses Names::all_addresses() const {
    Addresses out;
    for (const auto& [key, entry] : entries_)
        out.emplace(key, entry->addresses);
    return out;
}

void Names::hurry(const std::string& host_port) {
    for (auto& [key, entry] : entries_) {
        if (entry->name.host + ":" + std::to_string(entry->name.port) != host_port) continue;
        if (entry->asking) continue;
        const core::Time soon = std::max(core::Clock::now(), entry->asked_at + kLeastTtl);
        if (!entry->armed() || soon < entry->when()) deadlines_.set(*entry, soon);
    }
}

void Names::ask(Entry& entry) {
    if (entry.asking) return;
    entry.asking = true;
    entry.asked_at = core::Clock::now();
    entry.clear();
    Question question{entry.name.host, entry.name.both_families,
                      [own = own_, port = entry.name.port](const core::Address& address) {
                          return own && own({address, port});
                      }};
    resolver_.resolve(std::move(question), [this, alive = std::weak_ptr<bool>(alive_),
                                            key = entry.name.key()](Answer a) {
        if (alive.lock()) answered(key, std::move(a));
    });
}

void Names::answered(const std::string& key, Answer answer) {
    const auto found = entries_.find(key);
    if (found == entries_.end()) return;
    Entry& entry = *found->second;
    entry.asking = false;
    entry.answered = true;
    if (!answer.skipped.empty() && !std::exchange(entry.said_own, true)) {
        log::info("names", "name " + entry.name.host + ": " + list_of(answer.skipped) +
                               " is this ambassador itself and is not used as a backend");
    }
    core::Duration again = entry.name.resolve;
    bool moved = false;
    if (answer.addresses.empty()) {
        again = std::min(entry.retry, entry.name.resolve);
        entry.retry = std::min<core::Duration>(entry.retry * 2, entry.name.resolve);
        if (!std::exchange(entry.said_failing, true)) {
            log::warning("names",
                         "name " + entry.name.host + " does not resolve: " + answer.error +
                             (entry.addresses.empty()
                                  ? std::string("; asked for again until it does")
                                  : "; its last addresses stay: " + list_of(entry.addresses)));
        }
    } else {
        entry.retry = kLeastTtl;
        if (answer.ttl.count() > 0) again = std::clamp(answer.ttl, kLeastTtl, entry.name.resolve);
        moved = entry.addresses != answer.addresses;
        if (moved || entry.said_failing) {
            log::info("names", "name " + entry.name.host + " is " + list_of(answer.addresses));
        }
        entry.said_failing = false;
        entry.addresses = std::move(answer.addresses);
    }
    deadlines_.set(entry, core::Clock::now() + again);
    if (settling_) {
        settling_->waiting.erase(key);
        settle();
    }
    if (moved) changed_(key);
}

}  // namespace amba::net
