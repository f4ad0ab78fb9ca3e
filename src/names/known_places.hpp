// What is known of where one name leads: the places of its last answer, and those it had before
// that are held for a while. Pure: time is an argument.
//
//   an answer with places   these serve; one that it lacks is held: it takes no new connections,
//                           keeps those that it has, and is gone when `hold` is over
//   denied                  a name server says that there is no such name, or no address: all stay
//                           as they are, and are gone when `hold` is over
//   no answer               says nothing: everything stays as it is, however long it lasts
//
// So it is an answer that ends a hold, never a clock alone.
//
// This is `hold obsolete` and `hold nx` of HAProxy's configuration manual (section 5.3.2, "The
// resolvers section"), with two differences. There an obsolete record goes on to take connections;
// here it takes none, because whoever moved the name meant it, and whoever gets the address next is
// a stranger. And a name server may give a few of many addresses each time (a Consul agent gives
// three over UDP): a name whose answers bring back and leave out in turn, kTurns times in a row,
// has all of them serve, as if the answer had been whole; one that could not be connected to does
// not wait for its time then.
#pragma once

#include <optional>
#include <vector>

#include "amba/names/names.hpp"

namespace amba::names {

class KnownPlaces {
  public:
    static constexpr int kTurns = 4;

    // The places of an answer, sorted by their endpoint. What could not be asked for of a family
    // stays as it was.
    void answered(const std::vector<ResolvedPlace>& places, bool v4_unknown, bool v6_unknown,
                  core::Time now);
    void denied(core::Time now);
    // A connect to that endpoint failed.
    void failed(const core::Endpoint& endpoint);
    // Drops what nobody holds any more.
    void forget(const std::vector<Hold>& holds);

    bool empty() const { return known_.empty(); }
    bool takes_turns() const { return turns_ >= kTurns; }
    // For somebody with this hold; sorted by their endpoint.
    std::vector<ResolvedPlace> places(Hold hold) const;
    // When the next hold ends.
    std::optional<core::Time> next_end(const std::vector<Hold>& holds) const;

  private:
    struct PlaceRecord {
        ResolvedPlace place;
        core::Time left{};    // when an answer lacked it first; core::Time{}: the last one has it
        bool failed = false;  // since then
    };
    static core::Duration for_obsolete(Hold hold) { return hold.value_or(kDefaultHold); }
    bool held(const PlaceRecord& known, Hold hold) const;

    std::vector<PlaceRecord> known_;  // by endpoint
    core::Time denied_{};             // since when it is; core::Time{}: it is not
    core::Time judged_{};             // of the last answer
    core::Time turned_{};             // of the last that brought back and left out
    int turns_ = 0;                   // such answers, in a row at first
};

}  // namespace amba::names
