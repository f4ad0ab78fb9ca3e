#include "amba/net/names.hpp"

#include <algorithm>
#include <set>

#include "amba/log/log.hpp"

namespace amba::net {

using namespace std::chrono_literals;

namespace {

constexpr core::Duration kLeastTtl = 1s;  // also the time between tries for a dead place
constexpr const char* kBoth = " both";    // no name has a blank
constexpr std::size_t kListed = 16;       // in one line of the log

template <class Items, class Show>
std::string list_of(const Items& items, Show show) {
    std::string out;
    for (std::size_t i = 0; i < items.size() && i < kListed; ++i)
        out += (i == 0 ? "" : ", ") + show(items[i]);
    if (items.size() > kListed) out += " and " + std::to_string(items.size() - kListed) + " more";
    return out;
}

// The table has a host's port, and DNS a service's.
std::string list_of(const Name& name, const std::vector<Place>& places) {
    return list_of(places, [&](const Place& place) {
        if (!name.service) return place.endpoint.address.to_string();
        return place.endpoint.to_string() + " weight " + std::to_string(place.weight) +
               (place.backup ? " backup" : "");
    });
}

std::string shown(const Name& name) {
    return "name " + (name.service ? name.origin() : name.host);
}

}  // namespace

struct Names::Entry final : Deadline {
    Entry(Names& names_in, Name name_in) : names(names_in), name(std::move(name_in)) {}
    void on_deadline() override { names.ask(*this); }

    Names& names;
    Name name;
    std::vector<Place> places;
    std::vector<std::string> left_out;
    std::string known_as;  // see Question
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

std::string Name::origin() const {
    return service ? "srv:" + host : host + ":" + std::to_string(port);
}

std::string Name::key() const {
    return origin() + (both_families ? kBoth : "");
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
        const auto is_own = [&](const Place& place) {
            return own_(place.endpoint);
        };
        if (std::any_of(entry.places.begin(), entry.places.end(), is_own)) entry.answered = false;
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
        Entry& entry = find_or_add(name);
        entry.name.resolve = name.resolve;
        const core::Time latest = entry.asked_at + name.resolve;
        if (entry.armed() && latest < entry.when()) deadlines_.set(entry, latest);
        kept.insert(name.key());
    }
    std::erase_if(entries_, [&](const auto& item) { return !kept.contains(item.first); });
}

std::vector<Place> Names::addresses(const Name& name) const {
    const auto found = entries_.find(name.key());
    return found == entries_.end() ? std::vector<Place>() : found->second->places;
}

Names::Addresses Names::all_addresses() const {
    Addresses out;
    for (const auto& [key, entry] : entries_)
        out.emplace_hint(out.end(), key, entry->places);
    return out;
}

void Names::hurry(const std::string& origin) {
    for (const char* families : {"", kBoth}) {
        const auto found = entries_.find(origin + families);
        if (found == entries_.end() || found->second->asking) continue;
        Entry& entry = *found->second;
        const core::Time soon = std::max(core::Clock::now(), entry.asked_at + kLeastTtl);
        if (!entry.armed() || soon < entry.when()) deadlines_.set(entry, soon);
    }
}

void Names::ask(Entry& entry) {
    if (entry.asking) return;
    entry.asking = true;
    entry.asked_at = core::Clock::now();
    entry.clear();
    Question question{
        entry.name.host, entry.name.port, entry.name.service, entry.name.both_families, {}, own_};
    if (!entry.places.empty()) question.known_as = entry.known_as;
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
        const auto show = [&](const core::Endpoint& at) {
            return entry.name.service ? at.to_string() : at.address.to_string();
        };
        log::info("names", shown(entry.name) + ": " + list_of(answer.skipped, show) +
                               " is this ambassador itself and is not used as a backend");
    }
    bool moved = false;
    if (answer.places.empty())
        failed(entry, answer.error);
    else
        moved = resolved(entry, std::move(answer));
    if (settling_) {
        settling_->waiting.erase(key);
        settle();
    }
    if (moved) changed_(key);
}

void Names::failed(Entry& entry, const std::string& error) {
    const core::Duration most = entry.name.resolve;
    deadlines_.set(entry, core::Clock::now() + std::min(entry.retry, most));
    entry.retry = std::min<core::Duration>(entry.retry * 2, most);
    if (std::exchange(entry.said_failing, true)) return;
    log::warning("names", shown(entry.name) + " does not resolve: " + error +
                              (entry.places.empty() ? std::string("; asked for again until it does")
                                                    : "; its last addresses stay: " +
                                                          list_of(entry.name, entry.places)));
}

// With both families wanted, one may be answered and the other not: its last addresses stay.
void Names::keep_unknown(const std::vector<Place>& before, Answer& answer) {
    for (const Place& place : before) {
        const bool v6 = place.endpoint.address.is_v6();
        if (v6 ? answer.v6_unknown : answer.v4_unknown) answer.places.push_back(place);
    }
    std::sort(answer.places.begin(), answer.places.end());
}

// True when it leads to other places than before.
bool Names::resolved(Entry& entry, Answer answer) {
    entry.retry = kLeastTtl;
    core::Duration again = entry.name.resolve;
    if (answer.ttl.count() > 0) again = std::clamp(answer.ttl, kLeastTtl, again);
    deadlines_.set(entry, core::Clock::now() + again);
    if (answer.left_out != entry.left_out) {
        entry.left_out = std::move(answer.left_out);
        const auto as_it_is = [](const std::string& target) {
            return target;
        };
        if (!entry.left_out.empty()) {
            log::warning("names", shown(entry.name) + ": left out, as they do not resolve: " +
                                      list_of(entry.left_out, as_it_is));
        }
    }
    entry.known_as = std::move(answer.known_as);
    keep_unknown(entry.places, answer);
    const bool moved = entry.places != answer.places;
    if (moved || entry.said_failing) {
        log::info("names", shown(entry.name) + " is " + list_of(entry.name, answer.places));
    }
    entry.said_failing = false;
    entry.places = std::move(answer.places);
    return moved;
}

}  // namespace amba::net
