// What yaml-cpp's events say, kept with their places.
#include "fleet/yaml.hpp"

#include <algorithm>
#include <array>
#include <map>

namespace amba::fleet {

using core::error;
using core::Result;

namespace {

// Aliases of aliases grow without measure in a few lines ("a billion laughs").
constexpr std::size_t kMostValues = 1'000'000;
constexpr int kDeepest = 1000;

class Resolver {
  public:
    explicit Resolver(const Yaml& root) { index(root); }

    Result<Yaml> of(const Yaml& value, int depth) {
        if (depth > kDeepest || ++count_ > kMostValues) {
            return yaml_error(value, "aliases stand for more than can be read");
        }
        if (value.is_alias()) {
            const auto meant = anchors_.find(value.anchor);
            if (meant == anchors_.end()) return yaml_error(value, "this alias stands for nothing");
            return of(*meant->second, depth + 1);
        }
        Yaml made;
        made.kind = value.kind;
        made.line = value.line;
        made.column = value.column;
        made.flow = value.flow;
        made.tag = value.tag;
        made.text = value.text;
        for (const Yaml& item : value.items) {
            auto resolved = of(item, depth + 1);
            if (!resolved) return resolved.error();
            made.items.push_back(std::move(*resolved));
        }
        if (auto done = pairs(value, made, depth); !done) return done.error();
        return made;
    }

  private:
    void index(const Yaml& value) {
        if (value.anchor != 0 && !value.is_alias()) anchors_.emplace(value.anchor, &value);
        for (const Yaml& item : value.items)
            index(item);
        for (const YamlPair& pair : value.pairs)
            index(pair.value);
    }

    // What the map says itself comes before what is merged, wherever the merge key stands.
    Result<void> pairs(const Yaml& value, Yaml& made, int depth) {
        for (const YamlPair& pair : value.pairs) {
            if (pair.key.text == kMergeKey) continue;
            auto resolved = of(pair.value, depth + 1);
            if (!resolved) return resolved.error();
            made.pairs.push_back({pair.key, std::move(*resolved)});
        }
        for (const YamlPair& pair : value.pairs) {
            if (pair.key.text != kMergeKey) continue;
            auto source = of(pair.value, depth + 1);
            if (!source) return source.error();
            std::vector<Yaml> sources = std::move(source->items);
            if (!source->is_list()) sources.push_back(std::move(*source));
            for (const Yaml& one : sources) {
                if (!one.is_map()) {
                    return yaml_error(pair.key, "expected a mapping to merge, or a list of them");
                }
                merge(one, made);
            }
        }
        return {};
    }

    static void merge(const Yaml& source, Yaml& made) {
        for (const YamlPair& pair : source.pairs) {
            if (!made.find(pair.key.text)) made.pairs.push_back(pair);
        }
    }

    std::map<std::size_t, const Yaml*> anchors_;
    std::size_t count_ = 0;
};

// What YAML 1.1 or 1.2 reads as something else than a string.
bool is_word(const std::string& lower) {
    static constexpr std::array kWords = {"y",   "n",    "yes",   "no",  "on",
                                          "off", "true", "false", "null"};
    return std::find(kWords.begin(), kWords.end(), lower) != kWords.end();
}

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

}  // namespace

const YamlPair* Yaml::find(std::string_view key) const {
    for (const YamlPair& pair : pairs) {
        if (pair.key.text == key) return &pair;
    }
    return nullptr;
}

core::Error yaml_error(const Yaml& where, const std::string& what) {
    return error(std::to_string(where.line) + ":" + std::to_string(where.column) + ": " + what);
}

Result<Yaml> resolve(const Yaml& root) {
    return Resolver(root).of(root, 0);
}

Result<Yaml> resolve_merged(const Yaml& root, const Yaml& map) {
    Yaml merges;
    merges.kind = Yaml::Kind::kMap;
    for (const YamlPair& pair : map.pairs) {
        if (pair.key.text == kMergeKey) merges.pairs.push_back(pair);
    }
    return Resolver(root).of(merges, 0);
}

bool same(const Yaml& a, const Yaml& b) {
    if (a.kind != b.kind || a.text != b.text) return false;
    if (!a.is_null() && a.tag != b.tag) return false;
    if (a.items.size() != b.items.size() || a.pairs.size() != b.pairs.size()) return false;
    for (std::size_t i = 0; i < a.items.size(); ++i) {
        if (!same(a.items[i], b.items[i])) return false;
    }
    std::map<std::string_view, const Yaml*> others;
    for (const YamlPair& pair : b.pairs)
        others.emplace(pair.key.text, &pair.value);
    return std::all_of(a.pairs.begin(), a.pairs.end(), [&](const YamlPair& pair) {
        const auto other = others.find(pair.key.text);
        return other != others.end() && same(pair.value, *other->second);
    });
}

const Yaml* anchored(const Yaml& value) {
    if (value.anchor != 0 && !value.is_alias()) return &value;
    for (const Yaml& item : value.items) {
        if (const Yaml* found = anchored(item)) return found;
    }
    for (const YamlPair& pair : value.pairs) {
        if (const Yaml* found = anchored(pair.key)) return found;
        if (const Yaml* found = anchored(pair.value)) return found;
    }
    return nullptr;
}

std::string yaml_quoted(std::string_view text) {
    constexpr const char* kHex = "0123456789abcdef";
    std::string out = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f) {
            out += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
            continue;
        }
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}

std::optional<std::string> yaml_flow(const Yaml& value) {
    constexpr std::string_view kPlain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:$~";
    if (value.is_null()) return "null";
    if (value.is_scalar()) {
        if (value.tag == "!") return yaml_quoted(value.text);
        const std::string& text = value.text;
        const bool plain = value.tag == "?" && !text.empty() && text.back() != ':' && text != "-" &&
                           text.find_first_not_of(kPlain) == std::string::npos;
        return plain ? std::optional(text) : std::nullopt;
    }
    std::string inside;
    for (const Yaml& item : value.items) {
        const auto one = yaml_flow(item);
        if (!one) return std::nullopt;
        inside += (inside.empty() ? "" : ", ") + *one;
    }
    for (const YamlPair& pair : value.pairs) {
        const auto one = yaml_flow(pair.value);
        if (!one) return std::nullopt;
        inside += (inside.empty() ? "" : ", ") + yaml_scalar(pair.key.text) + ": " + *one;
    }
    return value.is_list() ? "[" + inside + "]" : "{" + inside + "}";
}

std::string yaml_scalar(std::string_view text) {
    std::string lower;
    bool plain = !text.empty() && is_letter(text.front());
    for (const char c : text) {
        lower += c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
        plain =
            plain && (is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.');
    }
    return plain && !is_word(lower) ? std::string(text) : yaml_quoted(text);
}

}  // namespace amba::fleet
