// The order of questions: the hosts file, then the domains of the search list, A before AAAA.
#include "names/lookup.hpp"

#include <arpa/nameser.h>

#include <algorithm>

namespace amba::names {

namespace {

std::string reason(int status) {
    // c-ares turns to the next server after a SERVFAIL or REFUSED, and says this after the last.
    if (status == ARES_ECONNREFUSED) {
        return "no name server answers it (SERVFAIL, REFUSED, or none is there)";
    }
    return ares_strerror(status);
}

bool is_no_record(int status) {
    return status == ARES_ENODATA || status == ARES_ENOTFOUND;
}

Search::Failure said_by(int status) {
    if (is_no_record(status)) return Search::Failure::kNoRecord;
    return status == ARES_ETIMEOUT ? Search::Failure::kSilence : Search::Failure::kFailed;
}

template <class T>
void sort_unique(std::vector<T>& list) {
    std::sort(list.begin(), list.end());
    list.erase(std::unique(list.begin(), list.end()), list.end());
}

}  // namespace

bool Search::next(Failure said) {
    any_failed_ |= said != Failure::kNoRecord;
    if (current() == known_as_) {
        known_denied_ = said == Failure::kNoRecord;
        if (!known_denied_) return false;
    }
    if (said == Failure::kSilence && current() != name_) {
        const auto rest = candidates_.begin() + static_cast<std::ptrdiff_t>(at_) + 1;
        at_ = static_cast<std::size_t>(std::find(rest, candidates_.end(), name_) -
                                       candidates_.begin());
    } else {
        ++at_;
    }
    return at_ < candidates_.size();
}

void HostLookup::start() {
    channels_.hosts->ask(
        question_.name, AF_UNSPEC,
        [self = shared_from_this()](int status, const AresChannel::Addresses& found) {
            self->take(status, found);
            // The file has no TTL, and a name that it lacks may well exist: DNS decides.
            self->answer_.ttl = core::Duration(0);
            self->answer_.error.clear();
            self->said_ = Search::Failure::kNoRecord;
            self->prefer_one_family();
            if (!self->answer_.places.empty()) return self->finish();
            self->ask_dns(AF_INET);
        });
}

void HostLookup::ask_dns(int family) {
    channels_.dns->ask(
        search_.current(), family,
        [self = shared_from_this(), family](int status, const AresChannel::Addresses& found) {
            self->take(status, found);
            if (status != ARES_SUCCESS && !is_no_record(status)) {
                (family == AF_INET ? self->answer_.v4_unknown : self->answer_.v6_unknown) = true;
            }
            const bool none = self->answer_.places.empty();
            // A server that failed has not said that there is no A record: what is known stays,
            // rather than to give way to IPv6 for a moment.
            const bool four = family == AF_INET;
            const bool said_none = none && self->said_ == Search::Failure::kNoRecord;
            if (four && (self->question_.both_families || said_none)) {
                return self->ask_dns(AF_INET6);
            }
            if (!none) self->answer_.known_as = self->search_.current();
            if (!none || !self->search_.next(self->said_)) return self->finish();
            self->said_ = Search::Failure::kNoRecord;
            self->ask_dns(AF_INET);
        });
}

void HostLookup::take(int status, const AresChannel::Addresses& found) {
    if (status != ARES_SUCCESS) {
        // What DNS said last counts, but "no such record" does not hide a SERVFAIL before it.
        if (answer_.error.empty() || !is_no_record(status)) answer_.error = reason(status);
        said_ = std::max(said_, said_by(status));
        return;
    }
    for (const ares_addrinfo_node* node = found->nodes; node; node = node->ai_next) {
        const core::Endpoint place{core::Endpoint::from_sockaddr(node->ai_addr).address,
                                   question_.port};
        if (question_.own && question_.own(place)) {
            answer_.skipped.push_back(place);
            continue;
        }
        answer_.places.push_back({place, 1, false});
        const core::Duration ttl = std::chrono::seconds(std::max(node->ai_ttl, 1));
        answer_.ttl = answer_.ttl.count() == 0 ? ttl : std::min(answer_.ttl, ttl);
    }
}

// /etc/hosts is asked for both families at once.
void HostLookup::prefer_one_family() {
    auto& all = answer_.places;
    const auto is_v6 = [](const ResolvedPlace& place) {
        return place.endpoint.address.is_v6();
    };
    if (question_.both_families || std::all_of(all.begin(), all.end(), is_v6)) return;
    std::erase_if(all, is_v6);
}

void HostLookup::finish() {
    sort_unique(answer_.skipped);
    sort_unique(answer_.places);
    answer_.denied = answer_.places.empty() && search_.denied();
    if (!answer_.places.empty())
        answer_.error.clear();
    else if (!answer_.skipped.empty() && said_ == Search::Failure::kNoRecord)
        answer_.error = "it resolves to this ambassador alone";
    else if (answer_.error.empty())
        answer_.error = "no address";
    done_(std::move(answer_));
}

void ServiceLookup::start() {
    channels_.dns->query(
        search_.current(), T_SRV,
        [self = shared_from_this()](int status, const AresChannel::Message& message) {
            self->take(status, message);
        });
}

void ServiceLookup::take(int status, const AresChannel::Message& message) {
    if (status != ARES_SUCCESS) {
        if (answer_.error.empty() || !is_no_record(status)) answer_.error = reason(status);
        return search_.next(said_by(status)) ? start() : finish(search_.denied());
    }
    answer_.known_as = search_.current();
    auto parsed = parse_srv(message);
    if (!parsed) {
        answer_.error = "the answer is malformed";
        return finish(false);
    }
    answer_.ttl = parsed->ttl;
    std::erase_if(parsed->records, [](const auto& record) { return record.target.empty(); });
    if (parsed->records.empty()) {
        answer_.error = "its domain says that there is no such service";
        return finish(true);
    }
    waiting_ = parsed->records.size();
    for (const SrvRecord& record : parsed->records)
        ask_target(record);
}

void ServiceLookup::ask_target(const SrvRecord& record) {
    NameQuestion question{record.target,           record.port, false,
                          question_.both_families, {},          question_.own};
    // A target is a whole name: no domain is put behind it.
    const auto lookup = std::make_shared<HostLookup>(
        channels_, std::move(question), Search(record.target, {record.target}),
        [self = shared_from_this(), record](NameAnswer answer) {
            self->take_target(record, std::move(answer));
        });
    lookup->start();
}

void ServiceLookup::take_target(const SrvRecord& record, NameAnswer answer) {
    if (answer.ttl.count() > 0) answer_.ttl = std::min(answer_.ttl, answer.ttl);
    for (const ResolvedPlace& place : answer.places)
        found_.push_back({record.priority, record.weight, place.endpoint});
    answer_.skipped.insert(answer_.skipped.end(), answer.skipped.begin(), answer.skipped.end());
    // Of one whose servers fail, nothing is known of the addresses that it may have had.
    const bool unknown = answer.places.empty() && !answer.denied;
    targets_denied_ = targets_denied_ && !unknown;
    answer_.v4_unknown |= unknown || answer.v4_unknown;
    answer_.v6_unknown |= unknown || answer.v6_unknown;
    if (answer.places.empty() && answer.skipped.empty()) {
        answer_.left_out.push_back(record.target);
        answer_.error = "target " + record.target + ": " + answer.error;
    }
    if (--waiting_ == 0) finish(targets_denied_);
}

void ServiceLookup::finish(bool denied) {
    answer_.places = places_of(found_);
    answer_.denied = answer_.places.empty() && denied;
    sort_unique(answer_.skipped);
    sort_unique(answer_.left_out);
    if (!answer_.places.empty())
        answer_.error.clear();
    else if (answer_.error.empty())
        answer_.error = "it resolves to this ambassador alone";
    done_(std::move(answer_));
}

}  // namespace amba::names
