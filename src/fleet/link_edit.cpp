#include "fleet/link_edit.hpp"

namespace amba::fleet {

using core::quote;
using core::Result;

namespace {

using Text = std::vector<std::string>;  // lines without their ends

class LinkEditor {
  public:
    LinkEditor(const YamlLines& lines, const ComposeService& service, const LinkPlan& plan) :
        lines_(lines), service_(service), plan_(plan) {}

    Result<std::vector<YamlEdit>> run() {
        if (nothing()) return std::move(edits_);
        const Yaml& body = service_.own->value;
        const Yaml& where = service_.own->key;
        if (body.is_alias()) return refuse(body, "is an alias; expected its keys here");
        if (body.flow || !body.is_map() || body.pairs.empty()) {
            return refuse(where, "is in flow style; expected each key on a line of its own");
        }
        for (const YamlPair& pair : body.pairs) {
            if (!lines_.leads(pair.key) || pair.key.column != body.pairs[0].key.column) {
                return refuse(pair.key, "has a key that does not begin its line; expected it to");
            }
        }
        for (auto part : {&LinkEditor::hosts, &LinkEditor::ports, &LinkEditor::volumes}) {
            if (auto done = (this->*part)(); !done) return done.error();
        }
        return std::move(edits_);
    }

  private:
    bool nothing() const {
        return plan_.hosts.empty() && plan_.labels.empty() && !plan_.drop_links && !plan_.ports &&
               plan_.ports_changed.empty() && plan_.ports_unpublished.empty() &&
               plan_.volumes_dropped.empty();
    }

    core::Error refuse(const Yaml& where, const std::string& what) const {
        return yaml_error(where, "service " + quote(service_.name) + " " + what);
    }

    // ---- extra_hosts, labels, links ----

    Result<void> hosts() {
        Text fresh;  // keys that the service does not have
        if (auto done = add("extra_hosts", plan_.hosts, ":", fresh); !done) return done;
        if (auto done = add("labels", plan_.labels, "=", fresh); !done) return done;
        if (plan_.drop_links) return replace(*service_.written("links"), fresh);
        if (fresh.empty()) return {};
        const YamlPair* dependencies = service_.written("depends_on");
        insert(dependencies ? lines_.lines_of(*dependencies).end : end(), fresh);
        return {};
    }

    Result<void> add(const char* key, const LinkPlan::Entries& entries, const char* divider,
                     Text& fresh) {
        if (entries.empty()) return {};
        const YamlPair* pair = service_.written(key);
        if (!pair || pair->value.is_null()) {
            Text block{margin() + key + ":"};
            for (const auto& [name, value] : entries)
                block.push_back(margin() + step() + yaml_scalar(name) + ": " + value_of(value));
            if (pair) return replace(*pair, block);
            fresh.insert(fresh.end(), block.begin(), block.end());
            return {};
        }
        const Yaml& value = pair->value;
        if (value.is_alias())
            return refuse(value, std::string("has an alias for ") + key +
                                     "; expected them in the service itself");
        Text added;
        for (const auto& [name, text] : entries) {
            added.push_back(value.is_map() ? yaml_scalar(name) + ": " + value_of(text)
                                           : yaml_quoted(name + divider + text));
        }
        return value.flow ? add_flow(value, added) : add_block(*pair, std::move(added));
    }

    // An address is plain, as the script had it; anything else that may not be a string is quoted.
    static std::string value_of(const std::string& text) {
        return text.starts_with("127.127.") ? text : yaml_scalar(text);
    }

    Result<void> add_flow(const Yaml& value, const Text& added) {
        const auto flow = lines_.flow(value);
        if (!flow) return refuse(value, "has brackets that were not understood here");
        std::string text;
        for (const std::string& entry : added)
            text += (text.empty() && flow->entries.empty() ? "" : ", ") + entry;
        const std::size_t at =
            flow->entries.empty() ? lines_.offset(value) + 1 : flow->entries.back().end;
        edits_.push_back({{at, at}, std::move(text)});
        return {};
    }

    Result<void> add_block(const YamlPair& pair, Text added) {
        std::string front;
        if (pair.value.is_map()) {
            front = std::string(pair.value.pairs.front().key.column - 1, ' ');
        } else {
            const Yaml& first = pair.value.items.front();
            const auto dash = lines_.dash(first);
            if (!dash) return refuse(first, "has an entry without its dash before it");
            front = std::string(*dash, ' ') + "- ";
        }
        for (std::string& line : added)
            line.insert(0, front);
        insert(lines_.lines_of(pair).end, added);
        return {};
    }

    // ---- ports ----

    Result<void> ports() {
        const YamlPair* pair = service_.written("ports");
        if (plan_.ports) {
            std::string list;
            for (const std::string& port : *plan_.ports)
                list += (list.empty() ? "" : ", ") + yaml_quoted(port);
            const Text line = list.empty() ? Text{} : Text{margin() + "ports: [" + list + "]"};
            if (pair) return replace(*pair, line);
            insert(end(), line);
            return {};
        }
        for (const auto& [index, text] : plan_.ports_changed) {
            const Yaml& entry = pair->value.items[index];
            const auto bytes = lines_.scalar(entry);
            if (entry.is_alias() || !bytes) {
                return refuse(entry,
                              "has a port that cannot be edited here; expected it on one "
                              "line, without alias or tag");
            }
            const bool single = lines_.text()[bytes->begin] == '\'';
            edits_.push_back({*bytes, single ? "'" + text + "'" : yaml_quoted(text)});
        }
        for (const std::size_t index : plan_.ports_unpublished) {
            if (auto done = unpublish(pair->value.items[index]); !done) return done;
        }
        return {};
    }

    Result<void> unpublish(const Yaml& entry) {
        std::size_t at = 0;
        while (at < entry.pairs.size() && entry.pairs[at].key.text != "published")
            ++at;
        if (at == entry.pairs.size()) {
            return refuse(entry, "has a port that is an alias; expected it here");
        }
        const YamlPair& published = entry.pairs[at];
        if (const Yaml* anchor = anchored(published.value)) return refuse_anchor(*anchor);
        if (entry.flow) return remove_flow(entry, {at});
        if (at > 0 && lines_.leads(published.key)) {
            remove(lines_.lines_of(published));
            return {};
        }
        if (at + 1 >= entry.pairs.size() || entry.anchor != 0) {
            return refuse(entry,
                          "has a port that cannot be edited here; expected target before "
                          "published");
        }
        // The next key takes its place after the dash.
        edits_.push_back(
            {{lines_.offset(published.key), lines_.offset(entry.pairs[at + 1].key)}, {}});
        return {};
    }

    // ---- volumes ----

    Result<void> volumes() {
        const std::set<std::size_t>& dropped = plan_.volumes_dropped;
        if (dropped.empty()) return {};
        const YamlPair& pair = *service_.written("volumes");
        const Yaml& list = pair.value;
        if (list.is_alias() || dropped.size() == list.items.size()) return replace(pair, {});
        for (const std::size_t index : dropped) {
            const Yaml& entry = list.items[index];
            if (const Yaml* anchor = anchored(entry)) return refuse_anchor(*anchor);
            if (list.flow) continue;
            if (!lines_.dash(entry))
                return refuse(entry, "has an entry without its dash before it");
            remove(lines_.lines_of(entry));
        }
        return list.flow ? remove_flow(list, dropped) : Result<void>();
    }

    // ---- any ----

    // An entry goes with the comma before it, or after it where none before it stays.
    Result<void> remove_flow(const Yaml& value, const std::set<std::size_t>& dropped) {
        const auto flow = lines_.flow(value);
        if (!flow) return refuse(value, "has brackets that were not understood here");
        const std::vector<YamlSpan>& entries = flow->entries;
        bool kept = false;
        for (std::size_t i = 0; i < entries.size(); ++i) {
            if (!dropped.contains(i)) {
                kept = true;
            } else if (kept) {
                edits_.push_back({{entries[i - 1].end, entries[i].end}, {}});
            } else if (i + 1 < entries.size()) {
                edits_.push_back({{entries[i].begin, entries[i + 1].begin}, {}});
            } else {
                edits_.push_back({entries[i], {}});
            }
        }
        return {};
    }

    Result<void> replace(const YamlPair& pair, const Text& with) {
        if (const Yaml* anchor = anchored(pair.value)) return refuse_anchor(*anchor);
        const YamlSpan span = lines_.lines_of(pair);
        if (with.empty()) {
            remove(span);
        } else {
            edits_.push_back({{lines_.start(span.begin), lines_.start(span.end)}, joined(with)});
        }
        return {};
    }

    core::Error refuse_anchor(const Yaml& where) const {
        return refuse(where, "has an anchor in what would go; expected none there");
    }

    // Of two blank lines around it one goes too.
    void remove(YamlSpan span) {
        const bool blank_after = span.end > lines_.count() || lines_.blank(span.end);
        if (span.begin > 1 && lines_.blank(span.begin - 1) && blank_after) --span.begin;
        edits_.push_back({{lines_.start(span.begin), lines_.start(span.end)}, {}});
    }

    void insert(std::size_t line, const Text& text) {
        edits_.push_back({{lines_.start(line), lines_.start(line)}, joined(text)});
    }

    std::string joined(const Text& text) const {
        std::string out;
        for (const std::string& line : text)
            out += line + lines_.newline();
        return out;
    }

    std::size_t end() const { return lines_.lines_of(service_.own->value.pairs.back()).end; }

    std::string margin() const {
        return std::string(service_.own->value.pairs.front().key.column - 1, ' ');
    }

    // As deep as the service's keys are below its name.
    std::string step() const { return margin().substr(service_.own->key.column - 1); }

    const YamlLines& lines_;
    const ComposeService& service_;
    const LinkPlan& plan_;
    std::vector<YamlEdit> edits_;
};

}  // namespace

Result<std::vector<YamlEdit>> link_edits(const YamlLines& lines, const ComposeService& service,
                                         const LinkPlan& plan) {
    return LinkEditor(lines, service, plan).run();
}

}  // namespace amba::fleet
