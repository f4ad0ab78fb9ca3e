// The lines of one service, edited as its plan says: what is not named there is not touched.
#include "fleet/link_edit.hpp"

#include <algorithm>
#include <optional>

#include "fleet/list_comments.hpp"
#include "fleet/service_edit.hpp"

namespace amba::fleet {

using core::Result;

namespace {

class LinkEditor final : public ServiceEdit {
  public:
    LinkEditor(const YamlLines& lines, const ComposeFile& file, const ComposeService& service,
               const LinkPlan& plan) :
        ServiceEdit(lines, file, service),
        plan_(plan) {}

    // Is each key of the service on lines of its own?
    Result<void> check() const {
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
        return {};
    }

    Result<void> run() {
        read_comments();
        Text fresh;  // keys that the service does not have
        if (auto done = add_hosts(fresh); !done) return done;
        if (auto done = add("labels", label_lines(), fresh); !done) return done;
        return links(std::move(fresh));
    }

  private:
    // One entry, or a comment where there is no name.
    struct Entry {
        std::string name;
        std::string value;
        std::string comment;  // beside it, with the blanks before it
    };
    using Entries = std::vector<Entry>;

    // Comments go with their link: those of one that stays stay.
    void read_comments() {
        const YamlPair* links = service_.written("links");
        if (!links || !plan_.links_kept) return;
        const bool all = plan_.links_kept->empty();
        if (all || (links->value.is_list() && !links->value.flow))
            comments_ = comments_of(lines_, *links);
        if (all) return;
        comments_.key.clear();
        for (const std::size_t kept : *plan_.links_kept)
            comments_.entries.erase(kept);
        if (plan_.links_kept->contains(links->value.items.size() - 1)) comments_.below.clear();
    }

    Entries host_lines() const {
        Entries all;
        const auto comment = [&](const std::string& text) {
            if (!text.empty()) all.push_back({"", "", text.substr(text.find('#'))});
        };
        auto host = plan_.hosts.begin();
        const std::size_t links =
            comments_.entries.empty() ? 0 : comments_.entries.rbegin()->first + 1;
        for (std::size_t i = 0; i < links; ++i) {
            while (host != plan_.hosts.end() && host->link && *host->link < i) {
                all.push_back({host->name, host->address, ""});
                ++host;
            }
            const auto found = comments_.entries.find(i);
            if (found == comments_.entries.end()) continue;
            for (const std::string& line : found->second.above)
                comment(line);
            if (host != plan_.hosts.end() && host->link == i) {
                all.push_back({host->name, host->address, found->second.beside});
                ++host;
            } else {
                comment(found->second.beside);
            }
        }
        for (; host != plan_.hosts.end() && host->link; ++host)
            all.push_back({host->name, host->address, ""});
        for (const std::string& line : comments_.below)
            comment(line);
        for (; host != plan_.hosts.end(); ++host)
            all.push_back({host->name, host->address, ""});
        return all;
    }

    Entries label_lines() const {
        Entries all;
        for (const auto& [name, value] : plan_.labels)
            all.push_back({name, value, ""});
        return all;
    }

    // Comments for which there is no line come where the links stood.
    Result<void> add_hosts(Text& fresh) {
        const YamlPair* pair = service_.written("extra_hosts");
        Entries entries = host_lines();
        const bool no_lines = plan_.hosts.empty() || (pair && pair->value.flow);
        const bool fresh_key = !plan_.hosts.empty() && (!pair || pair->value.is_null());
        if (!comments_.key.empty() && !fresh_key)
            fresh.push_back(margin() + comments_.key.substr(comments_.key.find('#')));
        if (no_lines) {
            for (const Entry& entry : entries) {
                if (entry.comment.empty()) continue;
                fresh.push_back(margin() + entry.comment.substr(entry.comment.find('#')));
            }
            std::erase_if(entries, [](const Entry& entry) { return entry.name.empty(); });
            for (Entry& entry : entries)
                entry.comment.clear();
        }
        return add("extra_hosts", entries, fresh);
    }

    Result<void> add(const std::string& key, const Entries& entries, Text& fresh) {
        if (entries.empty()) return {};
        const YamlPair* pair = service_.written(key);
        const Yaml* value = service_.value(key);
        if (pair && pair->value.is_null()) value = nullptr;
        if (pair && value && !pair->value.is_alias()) {
            if (const Yaml* shared = aliased(pair->value)) return refuse_shared(*shared, key);
            return value->flow ? add_flow(pair->value, entries, key)
                               : add_block(*pair, entries, key);
        }
        // The key is written as a whole: what comes through an alias or a merge key belongs to
        // others too.
        const std::string beside = key == "extra_hosts" ? comments_.key : std::string();
        Text block{margin() + key + ":" + beside};
        const bool listed = value ? value->is_list() : has_variable(entries);
        if (value) {
            auto before = written_out(*value);
            if (!before) return service_.elsewhere(key);
            block.insert(block.end(), before->begin(), before->end());
        }
        for (const Entry& entry : entries)
            block.push_back(margin() + step() + line_of(entry, listed, key));
        if (pair) return replace(*pair, block, false);
        fresh.insert(fresh.end(), block.begin(), block.end());
        return {};
    }

    std::optional<Text> written_out(const Yaml& value) const {
        Text lines;
        for (const Yaml& item : value.items) {
            const auto text = yaml_flow(item);
            if (!text) return std::nullopt;
            lines.push_back(margin() + step() + "- " + *text);
        }
        for (const YamlPair& pair : value.pairs) {
            const auto text = yaml_flow(pair.value);
            if (!text) return std::nullopt;
            lines.push_back(margin() + step() + yaml_scalar(pair.key.text) + ": " + *text);
        }
        return lines;
    }

    static bool has_variable(const Entries& entries) {
        return std::any_of(entries.begin(), entries.end(), [](const Entry& entry) {
            return entry.name.find('$') != std::string::npos;
        });
    }

    // "- " of a list is a part of it. An address is plain, as the script had it; anything else that
    // may not be a string is quoted.
    static std::string line_of(const Entry& entry, bool listed, const std::string& key) {
        if (entry.name.empty()) return entry.comment;
        const std::string pair = pair_of(entry, listed, key);
        return (listed ? "- " + pair : pair) + entry.comment;
    }

    static std::string pair_of(const Entry& entry, bool listed, const std::string& key) {
        const char* divider = key == "labels" ? "=" : ":";
        if (listed) return yaml_quoted(entry.name + divider + entry.value);
        const bool address = entry.value.starts_with("127.127.");
        return yaml_scalar(entry.name) + ": " + (address ? entry.value : yaml_scalar(entry.value));
    }

    Result<void> add_flow(const Yaml& value, const Entries& added, const std::string& key) {
        const auto flow = lines_.flow(value);
        if (!flow) return refuse(value, "has brackets that were not understood here");
        std::string text;
        for (const Entry& entry : added) {
            text += text.empty() && flow->entries.empty() ? "" : ", ";
            text += pair_of(entry, value.is_list(), key);
        }
        const std::size_t at =
            flow->entries.empty() ? lines_.offset(value) + 1 : flow->entries.back().end;
        edits_.push_back({{at, at}, std::move(text)});
        return {};
    }

    Result<void> add_block(const YamlPair& pair, const Entries& added, const std::string& key) {
        const bool listed = pair.value.is_list();
        std::size_t depth = 0;
        if (listed) {
            const Yaml& first = pair.value.items.front();
            const auto dash = lines_.dash(first);
            if (!dash) return refuse(first, "has an entry without its dash before it");
            depth = *dash;
        } else {
            depth = pair.value.pairs.front().key.column - 1;
        }
        Text lines;
        for (const Entry& entry : added)
            lines.push_back(std::string(depth, ' ') + line_of(entry, listed, key));
        insert(lines_.lines_of(pair).end, lines);
        return {};
    }

    // Removes the links or some of them, and puts `fresh` in their place.
    Result<void> links(Text fresh) {
        const YamlPair* pair = service_.written("links");
        if (!plan_.links_kept || !pair || pair->value.is_alias()) {
            if (plan_.links_kept) {
                const auto line = kept_links();
                if (!line) return service_.elsewhere("links");
                if (!line->empty()) fresh.insert(fresh.begin(), *line);
            }
            if (plan_.links_kept && pair) return replace(*pair, fresh, false);
            insert_fresh(fresh);
            return {};
        }
        if (plan_.links_kept->empty()) {
            if (service_.inherits("links")) fresh.insert(fresh.begin(), margin() + "links: []");
            return replace(*pair, fresh, false);
        }
        if (auto done = drop_links(*pair); !done) return done;
        insert(lines_.lines_of(*pair).end, fresh);
        return {};
    }

    void insert_fresh(const Text& fresh) {
        if (fresh.empty()) return;
        const YamlPair* dependencies = service_.written("depends_on");
        insert(dependencies ? lines_.lines_of(*dependencies).end : end(), fresh);
    }

    // "links: [db]" of those that stay, "" where no key is needed.
    std::optional<std::string> kept_links() const {
        Yaml list;
        list.kind = Yaml::Kind::kList;
        for (const std::size_t kept : *plan_.links_kept)
            list.items.push_back(service_.value("links")->items[kept]);
        if (list.items.empty() && !service_.inherits("links")) return std::string();
        const auto text = yaml_flow(list);
        return text ? std::optional(margin() + "links: " + *text) : std::nullopt;
    }

    Result<void> drop_links(const YamlPair& pair) {
        const Yaml& list = pair.value;
        std::set<std::size_t> dropped;
        for (std::size_t i = 0; i < list.items.size(); ++i) {
            if (!plan_.links_kept->contains(i)) dropped.insert(i);
        }
        for (const std::size_t index : dropped) {
            const Yaml& entry = list.items[index];
            if (const Yaml* anchor = anchored(entry)) return refuse_anchor(*anchor);
            if (list.flow) continue;
            if (!lines_.dash(entry))
                return refuse(entry, "has an entry without its dash before it");
            YamlSpan span = lines_.lines_of(entry);
            while (span.begin - 1 > pair.key.line && is_comment(span.begin - 1))
                --span.begin;
            const bool last = index + 1 == list.items.size();
            remove({span.begin, last ? lines_.lines_of(pair).end : span.end});
        }
        return list.flow ? remove_flow(list, dropped) : Result<void>();
    }

    bool is_comment(std::size_t line) const {
        const std::string_view comment = lines_.comment(line);
        return !comment.empty() && comment.size() == lines_.line(line).size();
    }

    const LinkPlan& plan_;
    ListComments comments_;  // of links that go
};

bool changes_nothing(const LinkPlan& plan) {
    return plan.hosts.empty() && plan.labels.empty() && !plan.links_kept && !plan.ports &&
           plan.ports_changed.empty() && plan.ports_unpublished.empty() &&
           plan.volumes_dropped.empty();
}

}  // namespace

Result<std::vector<YamlEdit>> link_edits(const YamlLines& lines, const ComposeFile& file,
                                         const ComposeService& service, const LinkPlan& plan) {
    if (changes_nothing(plan)) return std::vector<YamlEdit>();
    LinkEditor editor(lines, file, service, plan);
    if (auto done = editor.check(); !done) return done.error();
    if (auto done = editor.run(); !done) return done.error();
    std::vector<YamlEdit> edits = editor.take();
    auto lists = list_edits(lines, file, service, plan);
    if (!lists) return lists.error();
    edits.insert(edits.end(), lists->begin(), lists->end());
    return edits;
}

}  // namespace amba::fleet
