// When a name is asked for again, and what its answers change.
#include "amba/names/names.hpp"

#include <algorithm>
#include <set>

#include "amba/log/log.hpp"
#include "names/known_places.hpp"

namespace amba::names {

using namespace std::chrono_literals;

namespace {

constexpr core::Duration kLeastTtl = 1s;  // also the time between tries for a dead place
constexpr const char* kBoth = " both";    // no name has a blank
constexpr std::size_t kListed = 16;       // in one line of the log
// Lines about one name, and after how long there may be one more.
constexpr int kLines = 40;
constexpr core::Duration kLineTime = 10s;

template <class Items, class Show>
std::string list_of(const Items& items, Show show) {
    std::string out;
    for (std::size_t i = 0; i < items.size() && i < kListed; ++i)
        out += (i == 0 ? "" : ", ") + show(items[i]);
    if (items.size() > kListed) out += " and " + std::to_string(items.size() - kListed) + " more";
    return out;
}

// The table has a host's port, and DNS a service's.
std::string list_of(const BackendName& name, const std::vector<ResolvedPlace>& places) {
    return list_of(places, [&](const ResolvedPlace& place) {
        if (!name.service) return place.endpoint.address.to_string();
        return place.endpoint.to_string() + " weight " + std::to_string(place.weight) +
               (place.backup ? " backup" : "");
    });
}

// How long places stay, in words, for all who want the name; `keep` is the word for a hold without
// end.
std::string words_of(const std::vector<Hold>& holds, const std::string& keep) {
    std::set<std::string> words;
    for (const Hold& hold : holds)
        words.insert(hold ? core::to_string(*hold) : keep);
    std::string out;
    for (const std::string& word : words)
        out += (out.empty() ? "" : " or ") + word;
    return out;
}

// How long obsolete places stay, in words.
std::string words_of(const std::vector<Hold>& holds) {
    return words_of(holds, core::to_string(kDefaultHold));
}

// Both are sorted by endpoint.
void erase_those_of(std::vector<ResolvedPlace>& places, const std::vector<ResolvedPlace>& others) {
    std::erase_if(places, [&](const ResolvedPlace& place) {
        const auto at = std::lower_bound(
            others.begin(), others.end(), place,
            [](const ResolvedPlace& a, const ResolvedPlace& b) { return a.endpoint < b.endpoint; });
        return at != others.end() && at->endpoint == place.endpoint;
    });
}

std::string shown(const BackendName& name) {
    return "name " + (name.service ? name.origin() : name.host);
}

}  // namespace

struct Names::Entry final : net::Deadline {
    Entry(Names& names_in, BackendName name_in) : names(names_in), name(std::move(name_in)) {}
    void on_deadline() override { names.ask(*this); }

    // The places as each of those who want the name sees them.
    std::vector<std::vector<ResolvedPlace>> seen() const {
        std::vector<std::vector<ResolvedPlace>> out;
        for (const Hold& hold : holds)
            out.push_back(known.places(hold));
        return out;
    }
    // The places as the one that holds longest sees them.
    std::vector<ResolvedPlace> all() const {
        const auto less = [](const Hold& a, const Hold& b) {
            return a && (!b || *a < *b);
        };
        const auto longest = std::max_element(holds.begin(), holds.end(), less);
        return longest == holds.end() ? std::vector<ResolvedPlace>() : known.places(*longest);
    }
    // Was a place passed over that is not amba's own any more?
    bool lacks(const Own& own) const { return !std::all_of(skipped.begin(), skipped.end(), own); }
    void say(log::Level level, const std::string& what);
    void say_changes(const std::vector<ResolvedPlace>& before, bool took_turns);

    Names& names;
    BackendName name;  // of which each who wants it has a hold
    std::vector<Hold> holds;
    KnownPlaces known;
    std::vector<std::string> left_out;
    std::vector<core::Endpoint> skipped;  // by the last answer, as amba's own
    std::string known_as;                 // see Question
    core::Time asked_at{};
    core::Duration retry = kLeastTtl;
    std::string error;  // of the last answer
    bool asking = false;
    bool answered = false;
    enum class LogState { kWell, kFailing, kDenied } said = LogState::kWell;
    bool said_own = false;
    int lines = 0;            // of the last kLines * kLineTime
    core::Time counted_at{};  // when they were
    int unsaid = 0;
};

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

// Logs a line about the name, within a limit: a name may change its places with each answer, for
// ever.
void Names::Entry::say(log::Level level, const std::string& what) {
    const core::Time now = core::Clock::now();
    const auto forgiven = (now - counted_at) / kLineTime;
    lines = forgiven >= lines ? 0 : lines - static_cast<int>(forgiven);
    counted_at = lines == 0 ? now : counted_at + forgiven * kLineTime;
    if (lines == kLines) {
        ++unsaid;
        return;
    }
    ++lines;
    const std::string more = unsaid == 0 ? "" : " (" + std::to_string(unsaid) + " lines left out)";
    unsaid = 0;
    log::write(level, "names", shown(name) + what + more);
}

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
    if (!answer.skipped.empty() && !std::exchange(entry.said_own, true)) {
        const auto show = [&](const core::Endpoint& at) {
            return entry.name.service ? at.to_string() : at.address.to_string();
        };
        log::info("names", shown(entry.name) + ": " + list_of(answer.skipped, show) +
                               " is this ambassador itself and is not used as a backend");
    }
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

    using enum Entry::LogState;
    std::vector<ResolvedPlace> after = entry.all();
    std::erase_if(after, [](const ResolvedPlace& place) { return place.leaving; });
    if (after.empty() && !before.empty()) {
        entry.say(log::Level::kWarning,
                  " has not been there for " + words_of(entry.holds, "ever") +
                      ": its last addresses are gone: " + list_of(entry.name, before));
    }
    const auto said = answer.denied ? kDenied : kFailing;
    if (std::exchange(entry.said, said) == said) return;
    const bool for_a_while = answer.denied && entry.holds != std::vector<Hold>{std::nullopt};
    entry.say(
        log::Level::kWarning,
        " does not resolve: " + answer.error +
            (after.empty() ? std::string("; asked for again until it does")
                           : "; its last addresses stay: " + list_of(entry.name, after) +
                                 (for_a_while ? ", for " + words_of(entry.holds, "ever") : "")));
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
    if (answer.left_out != entry.left_out) {
        entry.left_out = std::move(answer.left_out);
        const auto as_it_is = [](const std::string& target) {
            return target;
        };
        if (!entry.left_out.empty()) {
            entry.say(log::Level::kWarning,
                      ": left out, as they do not resolve: " + list_of(entry.left_out, as_it_is));
        }
    }
    entry.say_changes(before, took_turns);
    entry.said = Entry::LogState::kWell;
}

// After an answer: where it leads now, and what left.
void Names::Entry::say_changes(const std::vector<ResolvedPlace>& before, bool took_turns) {
    const std::vector<ResolvedPlace> after = all();
    if (after == before && said == LogState::kWell) return;
    const auto is_leaving = [](const ResolvedPlace& place) {
        return place.leaving;
    };
    std::vector<ResolvedPlace> serving = after;
    std::erase_if(serving, is_leaving);
    if (known.takes_turns() && !took_turns) {
        return say(log::Level::kInfo,
                   " leaves out and brings back others each time: all of the last " +
                       words_of(holds) + " serve: " + list_of(name, serving));
    }
    std::vector<ResolvedPlace> served = before;
    std::erase_if(served, is_leaving);
    if (serving == served && said == LogState::kWell) {
        std::vector<ResolvedPlace> gone = before;
        erase_those_of(gone, after);
        if (!gone.empty()) say(log::Level::kInfo, ": gone for good: " + list_of(name, gone));
        return;
    }
    std::vector<ResolvedPlace> left = after;
    std::erase_if(left, [](const ResolvedPlace& place) { return !place.leaving; });
    std::vector<ResolvedPlace> left_before = before;
    std::erase_if(left_before, [](const ResolvedPlace& place) { return !place.leaving; });
    erase_those_of(left, left_before);
    say(log::Level::kInfo, " is " + list_of(name, serving) +
                               (left.empty() ? ""
                                             : "; no new connections, and gone in " +
                                                   words_of(holds) + ": " + list_of(name, left)));
}

}  // namespace amba::names
