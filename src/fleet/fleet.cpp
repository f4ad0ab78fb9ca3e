// How a fleet is looked at, and how its members are asked.
#include "amba/fleet/fleet.hpp"

#include <algorithm>
#include <cstdlib>
#include <iterator>

#include "amba/docker/parallel.hpp"
#include "fleet/writer.hpp"

namespace amba::fleet {

namespace {

std::string with_value(const char* label, const std::string& value) {
    return value.empty() ? std::string(label) : std::string(label) + "=" + value;
}

const std::string& value(const docker::Labels& labels, const char* key) {
    static const std::string kNone;
    const auto found = labels.find(key);
    return found == labels.end() ? kNone : found->second;
}

bool is_of(const docker::Volume& volume, const ServiceKey& key) {
    return value(volume.labels, kProjectLabel) == key.project &&
           value(volume.labels, kNameLabel) == key.service;
}

// Names end in a number; the greatest of a service is the one that counts.
unsigned long number_of(const docker::Volume& volume) {
    return std::strtoul(volume.name.substr(volume.name.rfind('.') + 1).c_str(), nullptr, 10);
}

}  // namespace

bool TablesGiven::is(const FleetContainer& ambassador,
                     const std::vector<std::string>& words) const {
    const std::vector<std::string>* known = words_of(ambassador);
    return known && *known == words;
}

const std::vector<std::string>* TablesGiven::words_of(const FleetContainer& ambassador) const {
    const std::lock_guard lock(mutex_);
    const auto found = words_.find({ambassador.container.id, ambassador.container.started_us});
    return found == words_.end() ? nullptr : &found->second;
}

void TablesGiven::set(const FleetContainer& ambassador, std::vector<std::string> words) {
    const std::lock_guard lock(mutex_);
    words_[{ambassador.container.id, ambassador.container.started_us}] = std::move(words);
}

void TablesGiven::forget(const FleetContainer& ambassador) {
    const std::lock_guard lock(mutex_);
    words_.erase({ambassador.container.id, ambassador.container.started_us});
}

bool TablesGiven::is_news(const FleetContainer& ambassador, const std::string& line) {
    const std::lock_guard lock(mutex_);
    return said_[{ambassador.container.id, ambassador.container.started_us}].insert(line).second;
}

void TablesGiven::clear() {
    const std::lock_guard lock(mutex_);
    words_.clear();
    said_.clear();
}

void TablesGiven::keep_only(const Snapshot& snapshot) {
    const std::lock_guard lock(mutex_);
    std::set<Key> there;
    for (const FleetContainer& one : snapshot.ambassadors)
        there.insert({one.container.id, one.container.started_us});
    const auto gone = [&](const auto& entry) {
        return !there.contains(entry.first);
    };
    std::erase_if(words_, gone);
    std::erase_if(said_, gone);
}

Fleet::Fleet(std::vector<Site> sites, FleetSettings settings, Say say) :
    sites_(std::move(sites)), settings_(std::move(settings)), say_(std::move(say)) {
    for (const Site& site : sites_) {
        const auto trouble = [this,
                              host = site.engine->host().to_string() + ": "](const auto& line) {
            this->say(host + line, true);
        };
        writers_.push_back(std::make_unique<TableWriter>(*site.engine, trouble));
    }
}

Fleet::~Fleet() = default;

// Asks all Engines at the same time.
void Fleet::ask(const std::vector<VerbCall>& questions, const Heard& heard) const {
    std::vector<std::vector<std::size_t>> of_site(sites_.size());
    for (std::size_t i = 0; i < questions.size(); ++i)
        of_site[questions[i].ambassador->site].push_back(i);
    std::vector<std::size_t> sites;
    for (std::size_t site = 0; site < sites_.size(); ++site) {
        if (!of_site[site].empty()) sites.push_back(site);
    }
    docker::ten_at_a_time(sites, [&](std::size_t site) {
        std::vector<VerbCall> those;
        for (const std::size_t i : of_site[site])
            those.push_back(questions[i]);
        writers_[site]->ask(those,
                            [&](std::size_t i, const core::Result<docker::Executed>& answer) {
                                heard(of_site[site][i], answer);
                            });
    });
}

void Fleet::say(const std::string& line, bool failed) const {
    const std::lock_guard lock(saying_);
    say_(line, failed);
}

void Snapshot::add(Picture picture) {
    std::move(picture.members.begin(), picture.members.end(), std::back_inserter(members));
    std::move(picture.ambassadors.begin(), picture.ambassadors.end(),
              std::back_inserter(ambassadors));
    std::move(picture.aside.begin(), picture.aside.end(), std::back_inserter(aside));
    for (auto& [key, split] : picture.splits)
        splits.insert_or_assign(key, std::move(split));
}

Snapshot Fleet::nothing() const {
    Snapshot snapshot;
    for (const Site& site : sites_)
        snapshot.addresses.push_back(site.address);
    return snapshot;
}

core::Result<Snapshot> Fleet::look() const {
    Snapshot snapshot = nothing();
    for (std::size_t site = 0; site < sites_.size(); ++site) {
        auto picture = look_at(site);
        if (!picture) return picture.error();
        snapshot.add(std::move(*picture));
    }
    return snapshot;
}

core::Result<Picture> Fleet::look_at(std::size_t site) const {
    Picture picture;
    const docker::Engine& engine = *sites_[site].engine;
    // Ambassadors are listed first: one that comes between the two lists would have no client in
    // this picture, and look like an orphan.
    auto ambassadors = engine.containers({with_value(kProjectLabel, settings_.project)}, true);
    if (!ambassadors) return ambassadors.error();
    auto members = engine.containers({with_value(kComposeProject, settings_.project)}, true);
    if (!members) return members.error();
    const auto image = engine.image_id(settings_.image);
    if (!image) return image.error();
    for (docker::Container& container : *ambassadors) {
        const bool outdated = !image->empty() && container.image_id != *image;
        picture.ambassadors.push_back({std::move(container), site, false, outdated});
    }
    set_aside(picture);
    for (docker::Container& container : *members) {
        // An ambassador that was made by Compose is no client of others.
        if (container.label(kProjectLabel).empty()) {
            picture.members.push_back({std::move(container), site, false});
        }
    }
    auto volumes = engine.volumes({kSharesLabel});
    if (!volumes) return volumes.error();
    std::sort(volumes->begin(), volumes->end(),
              [](const auto& a, const auto& b) { return number_of(a) < number_of(b); });
    for (const docker::Volume& volume : *volumes) {
        const ServiceKey key{value(volume.labels, kProjectLabel), value(volume.labels, kNameLabel)};
        auto split = parse_split(value(volume.labels, kSharesLabel));
        if (!split) {
            say("volume " + volume.name + ": " + split.error().reason + "; it is not heeded", true);
        } else if (settings_.project.empty() || key.project == settings_.project) {
            picture.splits.insert_or_assign(key, std::move(*split));
        }
    }
    return picture;
}

// The new volume is made before the old one goes: a look in between sees one of them.
core::Result<void> Fleet::set_split(const ServiceKey& key,
                                    const std::optional<Split>& split) const {
    for (const Site& site : sites_) {
        const auto volumes = site.engine->volumes({kSharesLabel});
        if (!volumes) return volumes.error();
        unsigned long last = 0;
        for (const docker::Volume& volume : *volumes) {
            if (is_of(volume, key)) last = std::max(last, number_of(volume));
        }
        if (split) {
            const docker::Volume next{
                "ambassador." + key.project + "." + key.service + "." + std::to_string(last + 1),
                {{kProjectLabel, key.project},
                 {kNameLabel, key.service},
                 {kSharesLabel, to_string(*split)}}};
            if (auto made = site.engine->create_volume(next); !made) return made;
        }
        for (const docker::Volume& volume : *volumes) {
            if (!is_of(volume, key)) continue;
            if (auto gone = site.engine->remove_volume(volume.name); !gone) return gone;
        }
    }
    return {};
}

}  // namespace amba::fleet
