// When a name is asked for again, and what its answers change.
#include "amba/names/names.hpp"

#include <algorithm>
#include <set>

#include "names/entry.hpp"

namespace amba::names {

namespace {

constexpr const char* kBoth = " both";  // no name has a blank

}  // namespace

struct Names::Settling final : net::Deadline {
    explicit Settling(std::function<void()> ready_in) : ready(std::move(ready_in)) {}
    void on_deadline() override {
        const auto call = std::move(ready);  // may replace this
        call();
    }
    std::set<std::string> waiting;
    std::function<void()> ready;
};

std::string BackendName::origin() const {
    return service ? "srv:" + host : host + ":" + std::to_string(port);
}

std::string BackendName::key() const {
    return origin() + (both_families ? kBoth : "");
}

Names::Names(Resolver& resolver, net::Deadlines& deadlines, Changed changed) :
    resolver_(resolver), deadlines_(deadlines), changed_(std::move(changed)) {}

Names::~Names() = default;

Names::Entry& Names::find_or_add(const BackendName& name) {
    auto& entry = entries_[name.key()];
    if (!entry) entry = std::make_unique<Entry>(*this, name);
    auto& holds = entry->holds;
    if (std::find(holds.begin(), holds.end(), name.hold) == holds.end()) holds.push_back(name.hold);
    return *entry;
}

void Names::prepare(const std::vector<BackendName>& names, Own own, core::Duration at_most,
                    std::function<void()> ready) {
    own_ = std::move(own);
    auto settling = std::make_unique<Settling>(std::move(ready));
    for (const BackendName& name : names) {
        Entry& entry = find_or_add(name);
        const auto is_own = [&](const ResolvedPlace& place) {
            return own_(place.endpoint);
        };
        const std::vector<ResolvedPlace> places = entry.all();
        const bool just_asked = core::Clock::now() < entry.asked_at + kLeastTtl;
        if (std::any_of(places.begin(), places.end(), is_own) || entry.lacks(own_))
            entry.answered = false;
        if (entry.answered && (!places.empty() || just_asked)) continue;
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

void Names::keep_only(const std::vector<BackendName>& names, Own own) {
    own_ = std::move(own);
    for (const auto& [key, entry] : entries_)
        entry->holds.clear();
    std::set<std::string> kept;
    for (const BackendName& name : names) {
        Entry& entry = find_or_add(name);
        const bool first = kept.insert(name.key()).second;
        entry.name.resolve = first ? name.resolve : std::min(entry.name.resolve, name.resolve);
        // Of a table that is refused, or of the one before, the own places were others.
        const core::Time latest = entry.asked_at + (entry.lacks(own_) ? kLeastTtl : name.resolve);
        if (entry.armed() && latest < entry.when()) deadlines_.set(entry, latest);
    }
    std::erase_if(entries_, [&](const auto& item) { return !kept.contains(item.first); });
}

std::vector<ResolvedPlace> Names::addresses(const BackendName& name) const {
    const auto found = entries_.find(name.key());
    return found == entries_.end() ? std::vector<ResolvedPlace>()
                                   : found->second->known.places(name.hold);
}

std::string Names::why(const BackendName& name) const {
    const auto found = entries_.find(name.key());
    return found == entries_.end() ? std::string() : found->second->error;
}

Names::Addresses Names::all_addresses() const {
    Addresses out;
    for (const auto& [key, entry] : entries_) {
        for (const Hold& hold : entry->holds)
            out.emplace(std::pair(key, hold), entry->known.places(hold));
    }
    return out;
}

std::vector<KnownName> Names::known() const {
    std::vector<KnownName> out;
    for (const auto& [key, entry] : entries_) {
        KnownName one{entry->name, entry->holds, entry->all(), entry->known_as};
        std::erase_if(one.places, [](const ResolvedPlace& place) { return place.leaving; });
        if (one.places.empty()) continue;
        if (entry->armed()) {
            one.again = std::chrono::ceil<core::Duration>(entry->when() - core::Clock::now());
        }
        out.push_back(std::move(one));
    }
    return out;
}

void Names::go_on_with(std::vector<KnownName> known) {
    const core::Time now = core::Clock::now();
    for (KnownName& one : known) {
        Entry& entry = find_or_add(one.name);
        entry.holds = std::move(one.holds);
        entry.known.answered(one.places, false, false, now);
        entry.known_as = std::move(one.known_as);
        entry.answered = true;
        const core::Duration most = entry.name.resolve;
        deadlines_.set(entry, now + std::clamp(one.again, core::Duration{0}, most));
    }
}

void Names::hurry(const std::string& origin, const core::Endpoint& dead) {
    for (const char* families : {"", kBoth}) {
        const auto found = entries_.find(origin + families);
        if (found == entries_.end()) continue;
        Entry& entry = *found->second;
        entry.known.failed(dead);
        if (entry.asking) continue;
        const core::Time soon = std::max(core::Clock::now(), entry.asked_at + kLeastTtl);
        if (!entry.armed() || soon < entry.when()) deadlines_.set(entry, soon);
    }
}

void Names::ask(Entry& entry) {
    if (entry.asking) return;
    entry.asking = true;
    entry.asked_at = core::Clock::now();
    entry.clear();
    NameQuestion question{
        entry.name.host, entry.name.port, entry.name.service, entry.name.both_families, {}, own_};
    if (!entry.known.empty()) question.known_as = entry.known_as;
    resolver_.resolve(std::move(question), [this, alive = std::weak_ptr<bool>(alive_),
                                            key = entry.name.key()](NameAnswer a) {
        if (alive.lock()) answered(key, std::move(a));
    });
}

void Names::answered(const std::string& key, NameAnswer answer) {
    const auto found = entries_.find(key);
    if (found == entries_.end()) return;
    Entry& entry = *found->second;
    entry.asking = false;
    entry.answered = true;
    entry.say_skipped(answer.skipped);
    const auto before = entry.seen();
    entry.skipped = std::move(answer.skipped);
    entry.error = answer.error;
    if (answer.places.empty())
        failed(entry, answer);
    else
        resolved(entry, answer);
    const bool moved = entry.seen() != before;
    if (settling_) {
        settling_->waiting.erase(key);
        settle();
    }
    if (moved) changed_(key);
}

// The next question: at the latest in so long, and when the hold of a place ends.
void Names::schedule(Entry& entry, core::Duration again) {
    // It was asked with what was amba's own at that time.
    if (entry.lacks(own_)) again = std::min(again, kLeastTtl);
    core::Time when = core::Clock::now() + again;
    if (const auto end = entry.known.next_end(entry.holds)) {
        when = std::min(when, std::max(*end, entry.asked_at + kLeastTtl));
    }
    deadlines_.set(entry, when);
}

void Names::failed(Entry& entry, const NameAnswer& answer) {
    const std::vector<ResolvedPlace> before = entry.all();
    if (answer.denied) entry.known.denied(core::Clock::now());
    entry.known.forget(entry.holds);
    const core::Duration most = entry.name.resolve;
    schedule(entry, std::min(entry.retry, most));
    entry.retry = std::min<core::Duration>(entry.retry * 2, most);
    entry.say_failure(before, answer);
}

void Names::resolved(Entry& entry, NameAnswer& answer) {
    const std::vector<ResolvedPlace> before = entry.all();
    const bool took_turns = entry.known.takes_turns();
    entry.known.answered(answer.places, answer.v4_unknown, answer.v6_unknown, core::Clock::now());
    entry.known.forget(entry.holds);
    entry.known_as = std::move(answer.known_as);
    entry.retry = kLeastTtl;
    core::Duration again = entry.name.resolve;
    if (answer.ttl.count() > 0) again = std::clamp(answer.ttl, kLeastTtl, again);
    schedule(entry, again);
    entry.say_left_out(std::move(answer.left_out));
    entry.say_changes(before, took_turns);
    entry.said = Entry::LogState::kWell;
}

}  // namespace amba::names
