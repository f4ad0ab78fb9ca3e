// The lines of a service's ports and volumes, edited as its plan says.
#include <algorithm>
#include <utility>

#include "fleet/link_edit.hpp"
#include "fleet/service_edit.hpp"

namespace amba::fleet {

using core::Result;

namespace {

class ListEditor final : public ServiceEdit {
  public:
    ListEditor(const YamlLines& lines, const ComposeFile& file, const ComposeService& service,
               const LinkPlan& plan) :
        ServiceEdit(lines, file, service),
        plan_(plan) {}

    Result<void> run() {
        if (auto done = ports(); !done) return done;
        return volumes();
    }

  private:
    // ---- ports ----

    Result<void> ports() {
        const YamlPair* pair = service_.written("ports");
        if (plan_.ports) {
            std::string list;
            for (const std::string& port : *plan_.ports)
                list += (list.empty() ? "" : ", ") + yaml_quoted(port);
            const bool none = list.empty() && !service_.inherits("ports");
            const Text line = none ? Text{} : Text{margin() + "ports: [" + list + "]"};
            if (pair) return replace(*pair, line);
            insert(end(), line);
            return {};
        }
        if (plan_.ports_changed.empty() && plan_.ports_unpublished.empty()) return {};
        if (!pair || pair->value.is_alias()) return write_ports(pair);
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

    // Ports that come through an alias or a merge key belong to others too.
    Result<void> write_ports(const YamlPair* pair) {
        Yaml list = *service_.value("ports");
        for (const auto& [index, text] : plan_.ports_changed) {
            list.items[index].text = text;
            list.items[index].tag = "!";
        }
        for (const std::size_t index : plan_.ports_unpublished) {
            std::erase_if(list.items[index].pairs,
                          [](const YamlPair& one) { return one.key.text == "published"; });
        }
        return write_list("ports", pair, list);
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
        const YamlPair* written = service_.written("volumes");
        if (!written || written->value.is_alias() || service_.inherits("volumes"))
            return write_volumes(written);
        const YamlPair& pair = *written;
        const Yaml& list = pair.value;
        if (dropped.size() == list.items.size()) return replace(pair, {});
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

    Result<void> write_volumes(const YamlPair* pair) {
        Yaml list = *service_.value("volumes");
        const std::vector<Yaml> all = std::exchange(list.items, {});
        for (std::size_t i = 0; i < all.size(); ++i) {
            if (!plan_.volumes_dropped.contains(i)) list.items.push_back(all[i]);
        }
        if (pair && list.items.empty() && !service_.inherits("volumes")) return replace(*pair, {});
        return write_list("volumes", pair, list);
    }

    const LinkPlan& plan_;
};

}  // namespace

Result<std::vector<YamlEdit>> list_edits(const YamlLines& lines, const ComposeFile& file,
                                         const ComposeService& service, const LinkPlan& plan) {
    ListEditor editor(lines, file, service, plan);
    if (auto done = editor.run(); !done) return done.error();
    return editor.take();
}

}  // namespace amba::fleet
