#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "amba/table/json.hpp"
#include "amba/table/validate.hpp"
#include "amba/table/words.hpp"
#include "table/address.hpp"
#include "table/locate.hpp"
#include "table/settings.hpp"

namespace amba::table {

namespace {

using nlohmann::json;
using Parsed = boost::system::result<Document, JsonError>;

// A fault in the meaning of a well-formed document, thrown inside this file alone.
struct Fault {
    std::string pointer;
    std::string reason;
    bool at_key = false;
    std::optional<std::size_t> offset = {};  // where, when the pointer does not say
};

[[noreturn]] void fail(std::string pointer, std::string reason) {
    throw Fault{std::move(pointer), std::move(reason)};
}

std::string child(const std::string& pointer, std::string_view key) {
    std::string out = pointer + "/";
    for (const char c : key) {
        if (c == '~')
            out += "~0";
        else if (c == '/')
            out += "~1";
        else
            out += c;
    }
    return out;
}

std::string child(const std::string& pointer, std::size_t index) {
    return pointer + "/" + std::to_string(index);
}

const char* kind_name(const json& value) {
    if (value.is_string()) return "a string";
    if (value.is_boolean()) return "a boolean";
    if (value.is_number()) return "a number";
    if (value.is_array()) return "an array";
    if (value.is_object()) return "an object";
    return "null";
}

const json& expect_object(const json& value, const std::string& pointer) {
    if (!value.is_object()) {
        fail(pointer, std::string("is ") + kind_name(value) + "; expected an object");
    }
    return value;
}

const std::string& expect_string(const json& value, const std::string& pointer,
                                 const char* expected) {
    if (!value.is_string()) {
        fail(pointer, std::string("is ") + kind_name(value) + "; expected " + expected);
    }
    return value.get_ref<const std::string&>();
}

// 3.0 is the whole number 3 in JSON Schema, and some generators write it so.
bool is_whole(const json& value) {
    if (value.is_number_integer()) return true;
    constexpr double kExact = 9007199254740992.0;  // 2^53
    if (!value.is_number_float()) return false;
    const double number = value.get<double>();
    return std::trunc(number) == number && std::abs(number) < kExact;
}

// The value as the word that the command line would have.
std::string as_word(const json& value, JsonKind kind, const std::string& pointer) {
    switch (kind) {
        case JsonKind::kString: return expect_string(value, pointer, "a string");
        case JsonKind::kInteger:
            if (!is_whole(value)) {
                fail(pointer, std::string("is ") +
                                  (value.is_number() ? value.dump() : kind_name(value)) +
                                  "; expected a whole number");
            }
            return value.is_number_float() ? std::to_string(value.get<std::int64_t>())
                                           : value.dump();
        case JsonKind::kBoolean:
            if (!value.is_boolean()) {
                fail(pointer, std::string("is ") + kind_name(value) + "; expected true or false");
            }
            return value.get<bool>() ? "true" : "false";
    }
    return {};
}

// Reads the members of `object` that are settings of `group`; `other` takes the rest and returns
// false for a key that it does not know either.
template <class Owner, class Other>
void read_settings(const json& object, const std::string& pointer, const std::string& group,
                   std::span<const Setting<Owner>> known, Owner& owner, Other other) {
    for (const auto& member : object.items()) {
        const std::string& key = member.key();
        const json& value = member.value();
        const std::string at = child(pointer, key);
        const auto found = std::find_if(known.begin(), known.end(), [&](const auto& setting) {
            return group == setting.group && key == setting.member;
        });
        if (found == known.end()) {
            if (other(key, value, at)) continue;
            throw Fault{at, "unknown key " + quote(key), true};
        }
        const std::string word = as_word(value, found->kind, at);
        if (auto reason = found->read(owner, word)) fail(at, quote(word) + ": " + *reason);
    }
}

Backend read_backend(const json& value, const std::string& pointer) {
    expect_object(value, pointer);
    Backend backend;
    bool addressed = false;
    read_settings(value, pointer, "", backend_settings(), backend,
                  [&](const std::string& key, const json& member, const std::string& at) {
                      if (key != "address") return false;
                      auto parsed = parse_backend_address(expect_string(member, at, "HOST:PORT"));
                      if (!parsed) fail(at, parsed.error().reason);
                      backend.host = std::move(parsed->host);
                      backend.port = parsed->port;
                      backend.srv = parsed->srv;
                      return addressed = true;
                  });
    if (!addressed) fail(pointer, "has no \"address\"; expected HOST:PORT");
    return backend;
}

void read_backends(const json& value, const std::string& pointer, Frontend& frontend) {
    if (!value.is_array()) {
        fail(pointer, std::string("is ") + kind_name(value) + "; expected an array of backends");
    }
    frontend.backends.reserve(value.size());
    for (std::size_t i = 0; i < value.size(); ++i) {
        frontend.backends.push_back(read_backend(value[i], child(pointer, i)));
    }
}

Frontend read_frontend(const json& value, const std::string& pointer) {
    expect_object(value, pointer);
    Frontend frontend;
    bool bound = false;
    const auto nested = [&](const std::string& group, const json& object, const std::string& at) {
        read_settings(expect_object(object, at), at, group, frontend_settings(), frontend,
                      [](auto&&...) { return false; });
        return true;
    };
    read_settings(value, pointer, "", frontend_settings(), frontend,
                  [&](const std::string& key, const json& member, const std::string& at) {
                      if (key == "check" || key == "timeouts") return nested(key, member, at);
                      if (key == "backends") {
                          read_backends(member, at, frontend);
                          return true;
                      }
                      if (key != "bind") return false;
                      const auto bind = parse_bind(expect_string(member, at, "ADDRESS:PORT"));
                      if (!bind) fail(at, bind.error().reason);
                      frontend.bind = *bind;
                      return bound = true;
                  });
    if (!bound) fail(pointer, "has no \"bind\"; expected ADDRESS:PORT or PORT");
    return frontend;
}

Bind read_admin(const json& value, const std::string& pointer) {
    const std::string& word = expect_string(value, pointer, "ADDRESS:PORT");
    const auto bind = parse_bind(word);
    if (!bind) fail(pointer, bind.error().reason);
    return *bind;
}

std::string read_revision(const json& value, const std::string& pointer) {
    const std::string& revision = expect_string(value, pointer, "a string");
    const auto characters = std::count_if(revision.begin(), revision.end(),
                                          [](char c) { return (c & 0xC0) != 0x80; });  // UTF-8
    if (characters < 1 || characters > 128) fail(pointer, "expected 1 to 128 characters");
    return revision;
}

std::uint64_t read_generation(const json& value, const std::string& pointer) {
    const std::string word = as_word(value, JsonKind::kInteger, pointer);
    std::uint64_t generation = 0;
    const auto [end, failure] = std::from_chars(word.data(), word.data() + word.size(), generation);
    if (failure != std::errc{} || end != word.data() + word.size()) {
        fail(pointer, quote(word) + ": expected a whole number from 0");
    }
    return generation;
}

Document read_document(const json& root) {
    expect_object(root, "");
    Document document;
    bool any = false;
    for (const auto& [key, value] : root.items()) {
        const std::string at = child("", key);
        if (key == "frontends") {
            if (!value.is_array()) {
                fail(at,
                     std::string("is ") + kind_name(value) + "; expected an array of frontends");
            }
            for (std::size_t i = 0; i < value.size(); ++i) {
                document.table.frontends.push_back(read_frontend(value[i], child(at, i)));
            }
            any = true;
        } else if (key == "admin") {
            document.table.admin = read_admin(value, at);
        } else if (key == "revision") {
            document.revision = read_revision(value, at);
        } else if (key == "generation") {
            document.generation = read_generation(value, at);
        } else if (key == "$schema") {
            expect_string(value, at, "a string");
        } else {
            throw Fault{at, "unknown key " + quote(key), true};
        }
    }
    if (!any) fail("", "has no \"frontends\"; expected an array of frontends");
    return document;
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

// Walks the text ahead of the parser and knows where it is. Finds keys given twice: nlohmann keeps
// the last and says nothing, and a person meant both. Ends what is nested deeper than any config:
// 64 MB of brackets would take gigabytes. A walk of its own, because the callback of json::parse
// looks at all earlier elements of an array after each.
class Guide : public nlohmann::json_sax<json> {
  public:
    bool null() override { return next_element(); }
    bool boolean(bool) override { return next_element(); }
    bool number_integer(json::number_integer_t) override { return next_element(); }
    bool number_unsigned(json::number_unsigned_t) override { return next_element(); }
    bool number_float(json::number_float_t, const std::string&) override { return next_element(); }
    bool string(std::string&) override { return next_element(); }
    bool binary(json::binary_t&) override { return next_element(); }
    bool start_object(std::size_t) override { return open(false); }
    bool start_array(std::size_t) override { return open(true); }
    bool end_object() override { return close(); }
    bool end_array() override { return close(); }
    bool key(std::string& name) override {
        Level& level = open_.back();
        level.key = name;
        if (!level.keys.insert(name).second && !found_) found_ = pointer();
        return true;
    }
    bool parse_error(std::size_t position, const std::string&,
                     const nlohmann::detail::exception& failure) override {
        constexpr int kNumberOverflow = 406;
        if (failure.id == kNumberOverflow) fail(pointer(), "is a number out of range");
        throw Fault{"", syntax_reason(failure), false, position > 0 ? position - 1 : 0};
    }
    const std::optional<std::string>& found() const { return found_; }
    std::string pointer() const {
        std::string out;
        for (const Level& level : open_) {
            out = level.array ? child(out, level.index) : child(out, level.key);
        }
        return out;
    }

  private:
    static constexpr std::size_t kDeepest = 16;
    struct Level {
        bool array = false;
        std::size_t index = 0;
        std::string key;
        std::set<std::string> keys;
    };
    bool open(bool array) {
        if (open_.size() == kDeepest) fail(pointer(), "is nested too deeply");
        open_.emplace_back().array = array;
        return true;
    }
    bool close() {
        open_.pop_back();
        return next_element();
    }
    bool next_element() {
        if (!open_.empty() && open_.back().array) ++open_.back().index;
        return true;
    }
    std::vector<Level> open_;
    std::optional<std::string> found_;
};

JsonError at_offset(std::string_view text, std::size_t offset, std::string pointer,
                    std::string reason) {
    const Position position = position_of(text, offset);
    return JsonError{position.line, position.column, std::move(pointer), std::move(reason)};
}

JsonError from_fault(std::string_view text, const Fault& fault) {
    const std::size_t offset =
        fault.offset ? *fault.offset : locate(text, fault.pointer, fault.at_key);
    return at_offset(text, offset, fault.pointer, fault.reason);
}

std::string violation_pointer(const Violation& violation) {
    if (violation.frontend < 0) return "";
    std::string pointer = child("/frontends", static_cast<std::size_t>(violation.frontend));
    if (violation.backend >= 0) {
        pointer = child(pointer + "/backends", static_cast<std::size_t>(violation.backend));
    }
    if (*violation.key != '\0') pointer = child(pointer, violation.key);
    return pointer;
}

}  // namespace

std::string JsonError::to_string() const {
    return std::to_string(line) + ":" + std::to_string(column) + ": " +
           (pointer.empty() ? "(document)" : core::one_line(pointer)) + ": " + reason;
}

Parsed parse_json(std::string_view text) {
    if (text.size() > kMaxDocumentBytes) {
        return JsonError{1, 1, "", "is larger than 64 MB"};
    }
    if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
        return JsonError{1, 1, "", "is empty; expected a JSON object with \"frontends\""};
    }
    try {
        Guide guide;
        json::sax_parse(text, &guide);
        // nlohmann takes a NUL for the end of the text and never looks at what follows.
        if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos) {
            return at_offset(text, nul, "", "not JSON: a NUL byte");
        }
        if (guide.found()) {
            return from_fault(text, Fault{*guide.found(), "the key is given twice", true});
        }
        Document document = read_document(json::parse(text));
        if (const auto violation = normalise(document.table)) {
            return from_fault(text, Fault{violation_pointer(*violation), violation->reason});
        }
        return document;
    } catch (const Fault& fault) {
        return from_fault(text, fault);
    }
}

}  // namespace amba::table
