// The names of the table and the places where they lead, kept fresh.
//
// Each name is asked for again after its TTL, though not within a second and at the latest after
// the frontend's `resolve`, and soon after a connect to one of its places failed. Without an answer
// the last known places stay; what an answer denies or lacks stays for the frontend's `hold`. A
// name that does not resolve is logged once and asked for again, never fatal.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "amba/core/endpoint.hpp"
#include "amba/names/resolver.hpp"
#include "amba/net/deadlines.hpp"

namespace amba::names {

// How long places stay after an answer that does not have them; nullopt: as long as no other
// answer names others, and those that it lacks for kDefaultHold.
using Hold = std::optional<core::Duration>;
inline constexpr core::Duration kDefaultHold{30000};

// A backend of the table whose host is a name. Two frontends may share one, each with a hold of its
// own.
struct BackendName {
    std::string host;
    std::uint16_t port = 0;
    bool both_families = false;
    core::Duration resolve{5000};
    bool service = false;  // host has SRV records, and port means nothing
    Hold hold = kDefaultHold;

    std::string origin() const;  // HOST:PORT or srv:HOST, as the table has it
    std::string key() const;     // of what is asked for
};

// What another process needs to go on with a name.
struct KnownName {
    BackendName name;
    std::vector<Hold> holds;            // of all who want it
    std::vector<ResolvedPlace> places;  // sorted by endpoint, without those that it has left
    std::string known_as;               // see NameQuestion
    core::Duration again{0};            // until it is asked for again
};

class Names {
  public:
    // Is that one of amba's own frontends? Then it is never a backend.
    using Own = std::function<bool(const core::Endpoint&)>;
    // Called with the key of a kept name whose places have changed.
    using Changed = std::function<void(const std::string& key)>;

    Names(Resolver& resolver, net::Deadlines& deadlines, Changed changed);
    ~Names();

    // Asks for those names that are new, lead nowhere so far, or have a place that is now amba's
    // own, or was and is not any more; the others are in use and stay. Calls `ready` when all of
    // them are answered, or after `at_most`.
    void prepare(const std::vector<BackendName>& names, Own own, core::Duration at_most,
                 std::function<void()> ready);
    // Forgets all names but these. Soon asks again for those that lack a place as it was amba's
    // own.
    void keep_only(const std::vector<BackendName>& names, Own own);

    // Sorted; empty while the name has never resolved, or when its hold is over.
    std::vector<ResolvedPlace> addresses(const BackendName& name) const;
    // Why it does not resolve; empty: it was not answered yet, or does.
    std::string why(const BackendName& name) const;
    // The places of all names, by key and by each hold that is wanted.
    using Addresses = std::map<std::pair<std::string, Hold>, std::vector<ResolvedPlace>>;
    Addresses all_addresses() const;
    // All names that lead somewhere.
    std::vector<KnownName> known() const;
    // Before prepare(): they lead there without being asked for.
    void go_on_with(std::vector<KnownName> known);
    // Asks soon, as that place was found dead; at most once a second for each name.
    void hurry(const std::string& origin, const core::Endpoint& dead);

  private:
    struct Entry;
    struct Settling;
    void ask(Entry& entry);
    void answered(const std::string& key, NameAnswer answer);
    void failed(Entry& entry, const NameAnswer& answer);
    void resolved(Entry& entry, NameAnswer& answer);
    void schedule(Entry& entry, core::Duration again);
    void settle();
    Entry& find_or_add(const BackendName& name);

    Resolver& resolver_;
    net::Deadlines& deadlines_;
    Changed changed_;
    Own own_;
    std::map<std::string, std::unique_ptr<Entry>> entries_;
    std::unique_ptr<Settling> settling_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace amba::names
