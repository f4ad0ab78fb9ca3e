// Values of an answer, of the kind that is expected or with an error that names their place.
#include "docker/answer.hpp"

namespace amba::docker {

using nlohmann::json;

namespace {

const json kNull;

const char* kind_of(const json& value) {
    if (value.is_null()) return "null";
    if (value.is_string()) return "a string";
    if (value.is_boolean()) return "a boolean";
    if (value.is_number()) return "a number";
    if (value.is_array()) return "an array";
    return "an object";
}

}  // namespace

void Value::fail(const std::string& reason) const {
    throw AnswerFault{(path_.empty() ? std::string("it") : path_) + " " + reason};
}

bool Value::empty_or(const char* expected, json::value_t kind) const {
    if (value_->is_null()) return true;
    if (value_->type() != kind) {
        fail(std::string("is ") + kind_of(*value_) + "; expected " + expected);
    }
    return false;
}

Value Value::operator[](const std::string& key) const {
    if (empty_or("an object", json::value_t::object)) return Value(kNull, child(key));
    const auto found = value_->find(key);
    return Value(found == value_->end() ? kNull : *found, child(key));
}

std::string Value::text() const {
    return empty_or("a string", json::value_t::string) ? "" : value_->get<std::string>();
}

std::string Value::needed_text() const {
    std::string found = text();
    if (found.empty()) fail("is missing; expected a string");
    return found;
}

std::int64_t Value::number() const {
    if (value_->is_null()) return 0;
    if (!value_->is_number_integer()) {
        fail(std::string("is ") + kind_of(*value_) + "; expected a whole number");
    }
    return value_->get<std::int64_t>();
}

bool Value::is_true() const {
    return !empty_or("true or false", json::value_t::boolean) && value_->get<bool>();
}

Labels Value::labels() const {
    Labels out;
    each_member([&](const std::string& key, const Value& value) { out[key] = value.text(); });
    return out;
}

}  // namespace amba::docker
