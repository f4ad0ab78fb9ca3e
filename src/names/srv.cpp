// A DNS message is a stranger's: every length in it is checked (RFC 1035).
#include "names/srv.hpp"

#include <ares.h>
#include <arpa/nameser.h>

#include <algorithm>
#include <map>

namespace amba::names {

namespace {

// Reads a message from front to end. After a fault everything reads as 0 and `ok` is false.
class Reader {
  public:
    explicit Reader(std::span<const unsigned char> message) : all_(message) {}

    bool ok() const { return ok_; }
    std::uint32_t number(std::size_t bytes) {
        if (!has(bytes)) return 0;
        std::uint32_t out = 0;
        for (std::size_t i = 0; i < bytes; ++i)
            out = out << 8 | all_[at_++];
        return out;
    }
    std::uint16_t number16() { return static_cast<std::uint16_t>(number(2)); }
    void skip(std::size_t bytes) {
        if (has(bytes)) at_ += bytes;
    }
    // Compressed names point to earlier parts of the message.
    std::string name() {
        char* text = nullptr;
        long length = 0;
        ok_ = ok_ && at_ < all_.size() &&
              ares_expand_name(all_.data() + at_, all_.data(), static_cast<int>(all_.size()), &text,
                               &length) == ARES_SUCCESS;
        if (!ok_) return {};
        std::string out(text);
        ares_free_string(text);
        at_ += static_cast<std::size_t>(length);
        return out;
    }
    std::size_t at() const { return at_; }

  private:
    bool has(std::size_t bytes) { return ok_ = ok_ && all_.size() - at_ >= bytes; }

    std::span<const unsigned char> all_;
    std::size_t at_ = 0;
    bool ok_ = true;
};

}  // namespace

std::optional<SrvRecords> parse_srv(std::span<const unsigned char> message) {
    Reader reader(message);
    reader.skip(4);
    const unsigned questions = reader.number16();
    const unsigned answers = reader.number16();
    reader.skip(4);
    for (unsigned i = 0; i < questions && reader.ok(); ++i) {
        reader.name();
        reader.skip(4);
    }
    SrvRecords out;
    std::uint32_t least = 0x7fffffff;  // RFC 2181: more is 0, and 0 becomes 1 here
    for (unsigned i = 0; i < answers && reader.ok(); ++i) {
        reader.name();
        const unsigned type = reader.number16();
        reader.skip(2);
        const std::uint32_t ttl = reader.number(4);
        const std::size_t length = reader.number16();
        const std::size_t end = reader.at() + length;
        if (type == T_SRV || type == T_CNAME) least = std::min(least, ttl >> 31 ? 0 : ttl);
        if (type == T_SRV) {
            SrvRecord& record = out.records.emplace_back();
            record.priority = reader.number16();
            record.weight = reader.number16();
            record.port = reader.number16();
            record.target = reader.name();
            if (reader.at() != end) return std::nullopt;
        } else {
            reader.skip(length);
        }
    }
    if (!reader.ok()) return std::nullopt;
    out.ttl = std::chrono::seconds(std::max<std::uint32_t>(least, 1));
    return out;
}

std::vector<ResolvedPlace> places_of(const std::vector<SrvPlace>& found) {
    std::uint16_t best = 0xffff;
    for (const SrvPlace& one : found)
        best = std::min(best, one.priority);
    std::map<core::Endpoint, ResolvedPlace> places;
    for (const SrvPlace& one : found) {
        const ResolvedPlace place{one.endpoint, std::max<int>(one.weight, 1), one.priority != best};
        const auto [at, fresh] = places.try_emplace(one.endpoint, place);
        if (fresh) continue;
        ResolvedPlace& known = at->second;
        if (known.backup == place.backup)
            known.weight += place.weight;
        else if (known.backup)
            known = place;
    }
    std::vector<ResolvedPlace> out;
    out.reserve(places.size());
    for (const auto& [endpoint, place] : places)
        out.push_back(place);
    return out;
}

}  // namespace amba::names
