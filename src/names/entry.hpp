// One name that is kept: where it leads, when it is asked for again, and what the log was told.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "amba/log/log.hpp"
#include "amba/names/names.hpp"
#include "names/known_places.hpp"

namespace amba::names {

inline constexpr core::Duration kLeastTtl{1000};  // also the time between tries for a dead place

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

    // What the log is told after an answer; `before` are the places of all() until then.
    void say_skipped(const std::vector<core::Endpoint>& places);
    void say_left_out(std::vector<std::string> targets);
    void say_changes(const std::vector<ResolvedPlace>& before, bool took_turns);
    void say_failure(const std::vector<ResolvedPlace>& before, const NameAnswer& answer);

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

  private:
    // Within a limit: a name may change its places with each answer, for ever.
    void say(log::Level level, const std::string& what);
    std::string list_of(const std::vector<ResolvedPlace>& places) const;
};

}  // namespace amba::names
