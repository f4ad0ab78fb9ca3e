// Reading what the Engine answers.
//
// Docker writes null wherever there is nothing: null and a member that is missing are the same
// here, an empty value. A value of another kind than is expected is a fault that names its place;
// it is thrown, and goes no further than understand().
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "amba/core/result.hpp"
#include "amba/docker/container.hpp"

namespace amba::docker {

struct AnswerFault {
    std::string reason;
};

// A place in the answer, with its path ("State.Health"). Refers to the JSON that it is a part of.
class Value {
  public:
    explicit Value(const nlohmann::json& value, std::string path = {}) :
        value_(&value), path_(std::move(path)) {}

    Value operator[](const std::string& key) const;
    std::string text() const;
    std::string needed_text() const;  // "" is a fault, too
    std::int64_t number() const;      // a whole one; 0 of null
    bool is_true() const;
    Labels labels() const;

    // take(key, value) for each member of an object, in the order of the keys.
    template <class Take>
    void each_member(Take take) const {
        if (empty_or("an object", nlohmann::json::value_t::object)) return;
        for (const auto& [key, value] : value_->items())
            take(key, Value(value, child(key)));
    }
    // take(value) for each element of an array.
    template <class Take>
    void each(Take take) const {
        if (empty_or("an array", nlohmann::json::value_t::array)) return;
        for (std::size_t i = 0; i < value_->size(); ++i)
            take(Value((*value_)[i], child(std::to_string(i))));
    }
    [[noreturn]] void fail(const std::string& reason) const;

  private:
    // True of null; a fault when it is something else than `kind`.
    bool empty_or(const char* expected, nlohmann::json::value_t kind) const;
    std::string child(const std::string& key) const {
        return path_.empty() ? key : path_ + "." + key;
    }

    const nlohmann::json* value_;
    std::string path_;
};

// read(Value) of the whole body, or why it is not understood.
template <class Read>
auto understand(std::string_view body, Read read)
    -> core::Result<decltype(read(std::declval<const Value&>()))> {
    try {
        const nlohmann::json root = nlohmann::json::parse(body, nullptr, false);
        if (root.is_discarded()) {
            constexpr std::size_t kShown = 60;
            return core::error("the answer is not JSON: " + core::quote(body.substr(0, kShown)));
        }
        return read(Value(root));
    } catch (const AnswerFault& fault) {
        return core::error("the answer is not understood: " + fault.reason);
    }
}

// JSON as it goes over the wire; text that is not UTF-8 does not stop it.
inline std::string dump(const nlohmann::json& value) {
    return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace amba::docker
