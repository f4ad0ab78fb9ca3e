// A place for each object and array that a document may have: whatever else opens is wrong at once,
// so that the depth is bounded by what a table can mean.
#include "table/json_reader.hpp"

#include <algorithm>
#include <stdexcept>

#include "amba/table/words.hpp"
#include "table/address.hpp"
#include "table/json_fault.hpp"
#include "table/json_values.hpp"
#include "table/settings.hpp"

namespace amba::table {

using nlohmann::json;

namespace {

// A frontend needs a descriptor; fs.nr_open allows a process 1,048,576 of them by default.
constexpr std::size_t kMostFrontends = 1'000'000;

// Slots of keys that are no settings; settings have their place in their list.
enum Slot : int {
    kRevision = 48,
    kGeneration,
    kIfGeneration,
    kAdmin,
    kFrontends,
    kSchema,
    kBind,
    kBackends,
    kCheck,
    kTimeouts,
    kAddress,
    kOwn,  // and those after it, below the bits of Level::given
};

template <class Owner>
int setting_of(std::span<const Setting<Owner>> known, std::string_view group,
               const std::string& key) {
    if (known.size() > kRevision) throw std::logic_error("more settings than slots");
    for (std::size_t i = 0; i < known.size(); ++i) {
        if (group == known[i].group && key == known[i].member) return static_cast<int>(i);
    }
    return -1;
}

template <class Owner>
void read_setting(const Setting<Owner>& setting, Owner& owner, const json& read,
                  const std::string& pointer) {
    const std::string word = as_word(read, setting.kind, pointer);
    if (auto reason = setting.read(owner, word)) fail(pointer, quote(word) + ": " + *reason);
}

bool is_setting(int slot) {
    return slot < kRevision;
}

// "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error while parsing
// value - unexpected ..." without the library's part.
std::string syntax_reason(const json::exception& failure) {
    const std::string_view what = failure.what();
    const std::size_t colon = what.find(": ");
    std::string reason(colon == std::string_view::npos ? what : what.substr(colon + 2));
    if (reason.size() > 200) reason.resize(200);
    return "not JSON: " + reason;
}

}  // namespace

// Where the value under the innermost of so many levels stands.
std::string JsonReader::here(std::size_t levels) const {
    std::string out;
    for (std::size_t i = 0; i < levels; ++i) {
        const Level& level = open_[i];
        const bool array = level.place == Place::kFrontends || level.place == Place::kBackends ||
                           level.place == Place::kWords;
        out = array ? child(out, level.index) : child(out, level.key);
    }
    return out;
}

void JsonReader::refuse(const json& read, const char* expected) const {
    fail(here(), std::string("is ") + kind_name(read) + "; expected " + expected);
}

int JsonReader::slot_of(const Level& level, const std::string& key) const {
    const auto one_of = [&](std::initializer_list<std::pair<const char*, int>> known) {
        for (const auto& [name, slot] : known)
            if (key == name) return slot;
        return -1;
    };
    if (level.place == Place::kGroup) return setting_of(frontend_settings(), level.group, key);
    if (level.place == Place::kBackend) {
        const int setting = setting_of(backend_settings(), "", key);
        return setting >= 0 ? setting : one_of({{"address", kAddress}});
    }
    if (level.place == Place::kFrontend) {
        const int setting = setting_of(frontend_settings(), "", key);
        return setting >= 0 ? setting
                            : one_of({{"bind", kBind},
                                      {"backends", kBackends},
                                      {"check", kCheck},
                                      {"timeouts", kTimeouts}});
    }
    const auto own = own_keys_.find(key);
    if (own != own_keys_.end())
        return kOwn + static_cast<int>(std::distance(own_keys_.begin(), own));
    return one_of({{"frontends", kFrontends},
                   {"admin", kAdmin},
                   {"revision", kRevision},
                   {"generation", kGeneration},
                   {"if-generation", kIfGeneration},
                   {"$schema", kSchema}});
}

bool JsonReader::key(std::string& name) {
    Level& level = open_.back();
    level.key = name;
    level.slot = slot_of(level, name);
    if (level.slot < 0) throw Fault{here(), "unknown key " + quote(name), true};
    const std::uint64_t bit = std::uint64_t{1} << level.slot;
    if ((level.given & bit) != 0) throw Fault{here(), "the key is given twice", true};
    level.given |= bit;
    return true;
}

bool JsonReader::open(Place place, const char* group) {
    open_.emplace_back().place = place;
    open_.back().group = group;
    return true;
}

bool JsonReader::next() {
    ++open_.back().index;
    return true;
}

bool JsonReader::start_object(std::size_t) {
    if (open_.empty()) return open(Place::kDocument);
    const Level& level = open_.back();
    if (level.place == Place::kFrontends) {
        if (document_.table.frontends.size() == kMostFrontends) fail(here(), "is one too many");
        document_.table.frontends.emplace_back();
        return open(Place::kFrontend);
    }
    if (level.place == Place::kBackends) {
        backend_ = Backend();
        return open(Place::kBackend);
    }
    if (level.place == Place::kFrontend && level.slot == kCheck)
        return open(Place::kGroup, "check");
    if (level.place == Place::kFrontend && level.slot == kTimeouts) {
        return open(Place::kGroup, "timeouts");
    }
    return value(json::object());  // which is refused
}

bool JsonReader::start_array(std::size_t) {
    if (open_.empty()) return value(json::array());
    const Level& level = open_.back();
    if (level.place == Place::kDocument && level.slot == kFrontends) return open(Place::kFrontends);
    if (level.place == Place::kDocument && level.slot >= kOwn) {
        document_.own[level.key];
        return open(Place::kWords);
    }
    if (level.place == Place::kFrontend && level.slot == kBackends) return open(Place::kBackends);
    return value(json::array());  // which is refused
}

bool JsonReader::value(const json& read) {
    if (open_.empty()) refuse(read, "an object");
    switch (open_.back().place) {
        case Place::kDocument: document_value(read); break;
        case Place::kFrontends:
        case Place::kBackends: refuse(read, "an object");
        case Place::kFrontend:
        case Place::kGroup: frontend_value(read); break;
        case Place::kBackend: backend_value(read); break;
        case Place::kWords:
            document_.own[open_[0].key].push_back(expect_string(read, here(), "a string"));
            break;
    }
    return next();
}

void JsonReader::document_value(const json& read) {
    const std::string at = here();
    switch (const int slot = open_.back().slot; slot) {
        case kFrontends: refuse(read, "an array of frontends");
        case kAdmin: document_.table.admin = read_admin(read, at); break;
        case kRevision: document_.revision = read_revision(read, at); break;
        case kGeneration: document_.generation = read_generation(read, at); break;
        case kIfGeneration: document_.if_generation = read_generation(read, at); break;
        case kSchema: expect_string(read, at, "a string"); break;
        default: document_.own[open_.back().key] = {expect_string(read, at, "a string or strings")};
    }
}

void JsonReader::frontend_value(const json& read) {
    const int slot = open_.back().slot;
    if (is_setting(slot)) {
        const auto index = static_cast<std::size_t>(slot);
        return read_setting(frontend_settings()[index], frontend(), read, here());
    }
    if (slot == kCheck || slot == kTimeouts) refuse(read, "an object");
    if (slot == kBackends) refuse(read, "an array of backends");
    const auto bind = parse_bind(expect_string(read, here(), "ADDRESS:PORT"));
    if (!bind) fail(here(), bind.error().reason);
    frontend().bind = *bind;
}

void JsonReader::backend_value(const json& read) {
    const int slot = open_.back().slot;
    if (is_setting(slot)) {
        const auto index = static_cast<std::size_t>(slot);
        return read_setting(backend_settings()[index], backend_, read, here());
    }
    auto parsed = parse_backend_address(expect_string(read, here(), "HOST:PORT"));
    if (!parsed) fail(here(), parsed.error().reason);
    backend_.host = std::move(parsed->host);
    backend_.port = parsed->port;
    backend_.srv = parsed->srv;
}

bool JsonReader::end_object() {
    const Level closed = std::move(open_.back());
    open_.pop_back();
    const auto given = [&](int slot) {
        return (closed.given >> slot & 1) != 0;
    };
    switch (closed.place) {
        case Place::kFrontend:
            if (!given(kBind)) fail(here(), "has no \"bind\"; expected ADDRESS:PORT or PORT");
            frontend_ends();
            break;
        case Place::kBackend:
            if (!given(kAddress)) fail(here(), "has no \"address\"; expected HOST:PORT");
            frontend().backends.push_back(std::move(backend_));
            break;
        case Place::kDocument:
            if (!given(kFrontends)) {
                fail("", "has no \"frontends\"; expected an array of frontends");
            }
            return true;
        default: break;
    }
    return next();
}

// Refused as early as possible: a text with a million of the same must not be read to its end.
void JsonReader::frontend_ends() {
    const Bind& bind = frontend().bind;
    if (const Bind* other = binds_.overlapping(bind)) {
        fail(child(here(), "bind"), overlap(bind, *other));
    }
    binds_.add(bind);
    frontend().backends.shrink_to_fit();
}

bool JsonReader::end_array() {
    open_.pop_back();
    return next();
}

bool JsonReader::parse_error(std::size_t position, const std::string&,
                             const nlohmann::detail::exception& failure) {
    constexpr int kNumberOverflow = 406;
    if (failure.id == kNumberOverflow) fail(here(), "is a number out of range");
    throw Fault{"", syntax_reason(failure), false, position > 0 ? position - 1 : 0};
}

}  // namespace amba::table
