// What the log says of a name: once when something has changed, and not for ever.
#include "names/entry.hpp"

#include <set>
#include <utility>

namespace amba::names {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t kListed = 16;  // in one line of the log
// Lines about one name, and after how long there may be one more.
constexpr int kLines = 40;
constexpr core::Duration kLineTime = 10s;

template <class Items, class Show>
std::string joined(const Items& items, Show show) {
    std::string out;
    for (std::size_t i = 0; i < items.size() && i < kListed; ++i)
        out += (i == 0 ? "" : ", ") + show(items[i]);
    if (items.size() > kListed) out += " and " + std::to_string(items.size() - kListed) + " more";
    return out;
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

// The table has a host's port, and DNS a service's.
std::string Names::Entry::list_of(const std::vector<ResolvedPlace>& places) const {
    return joined(places, [&](const ResolvedPlace& place) {
        if (!name.service) return place.endpoint.address.to_string();
        return place.endpoint.to_string() + " weight " + std::to_string(place.weight) +
               (place.backup ? " backup" : "");
    });
}

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

void Names::Entry::say_skipped(const std::vector<core::Endpoint>& places) {
    if (places.empty() || std::exchange(said_own, true)) return;
    const auto show = [&](const core::Endpoint& at) {
        return name.service ? at.to_string() : at.address.to_string();
    };
    log::info("names", shown(name) + ": " + joined(places, show) +
                           " is this ambassador itself and is not used as a backend");
}

void Names::Entry::say_left_out(std::vector<std::string> targets) {
    if (targets == left_out) return;
    left_out = std::move(targets);
    const auto as_it_is = [](const std::string& target) {
        return target;
    };
    if (!left_out.empty()) {
        say(log::Level::kWarning,
            ": left out, as they do not resolve: " + joined(left_out, as_it_is));
    }
}

void Names::Entry::say_failure(const std::vector<ResolvedPlace>& before, const NameAnswer& answer) {
    using enum LogState;
    std::vector<ResolvedPlace> after = all();
    std::erase_if(after, [](const ResolvedPlace& place) { return place.leaving; });
    if (after.empty() && !before.empty()) {
        say(log::Level::kWarning, " has not been there for " + words_of(holds, "ever") +
                                      ": its last addresses are gone: " + list_of(before));
    }
    const auto says = answer.denied ? kDenied : kFailing;
    if (std::exchange(said, says) == says) return;
    const bool for_a_while = answer.denied && holds != std::vector<Hold>{std::nullopt};
    say(log::Level::kWarning,
        " does not resolve: " + answer.error +
            (after.empty() ? std::string("; asked for again until it does")
                           : "; its last addresses stay: " + list_of(after) +
                                 (for_a_while ? ", for " + words_of(holds, "ever") : "")));
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
                       words_of(holds) + " serve: " + list_of(serving));
    }
    std::vector<ResolvedPlace> served = before;
    std::erase_if(served, is_leaving);
    if (serving == served && said == LogState::kWell) {
        std::vector<ResolvedPlace> gone = before;
        erase_those_of(gone, after);
        if (!gone.empty()) say(log::Level::kInfo, ": gone for good: " + list_of(gone));
        return;
    }
    std::vector<ResolvedPlace> left = after;
    std::erase_if(left, [](const ResolvedPlace& place) { return !place.leaving; });
    std::vector<ResolvedPlace> left_before = before;
    std::erase_if(left_before, [](const ResolvedPlace& place) { return !place.leaving; });
    erase_those_of(left, left_before);
    say(log::Level::kInfo, " is " + list_of(serving) +
                               (left.empty() ? ""
                                             : "; no new connections, and gone in " +
                                                   words_of(holds) + ": " + list_of(left)));
}

}  // namespace amba::names
