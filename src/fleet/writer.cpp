// The helper's life, and the questions and answers of its lines.
#include "fleet/writer.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

#include "amba/docker/parallel.hpp"

namespace amba::fleet {

namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

constexpr const char* kVolume = "/run/amba";  // in an ambassador, and what all of them are below
constexpr std::string_view kData = "/_data";

// Fewer ambassadors are asked sooner by exec: the helper takes as long to start as any container.
constexpr std::size_t kFew = 5;
constexpr core::Duration kAnswerTime = 20s;  // for an Engine that has a hundred of them to start
constexpr core::Duration kAgain = 5min;      // after the helper could not be had

std::string line_of(std::size_t id, const std::string& volume,
                    const std::vector<std::string>& words) {
    const Json line{
        {"id", id}, {"dir", kVolume + ("/" + volume) + std::string(kData)}, {"words", words}};
    return line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

struct CallAnswer {
    std::size_t id = 0;
    bool absent = false;
    docker::Executed executed;
};

std::optional<CallAnswer> parse_answer(const std::string& line) {
    const Json root = Json::parse(line, nullptr, false);
    if (!root.is_object()) return std::nullopt;
    try {
        CallAnswer answer;
        answer.id = root.at("id").get<std::size_t>();
        answer.absent = root.value("absent", false);
        if (!answer.absent) {
            answer.executed = {root.at("code").get<int>(), root.at("out").get<std::string>(),
                               root.at("err").get<std::string>()};
        }
        return answer;
    } catch (const Json::exception&) {
        return std::nullopt;
    }
}

// The image of the newest ambassador, which is the likeliest to know the verb.
std::string image_of(const std::vector<VerbCall>& questions) {
    const auto newest = std::max_element(
        questions.begin(), questions.end(), [](const VerbCall& a, const VerbCall& b) {
            return a.ambassador->container.started_us < b.ambassador->container.started_us;
        });
    return newest->ambassador->container.image_id;
}

}  // namespace

std::optional<VolumePlace> volume_place(const docker::Container& ambassador) {
    for (const docker::Mount& mount : ambassador.mounts) {
        if (mount.destination != kVolume) continue;
        if (mount.type != "volume" || mount.driver != "local") return std::nullopt;
        std::string_view path = mount.source;
        if (!path.ends_with(kData)) return std::nullopt;
        path.remove_suffix(kData.size());
        const std::size_t slash = path.rfind('/');
        if (slash == std::string_view::npos || slash == 0) return std::nullopt;
        return VolumePlace{std::string(path.substr(0, slash)), std::string(path.substr(slash + 1))};
    }
    return std::nullopt;
}

// The helper has no label of the project: it is none of the project's containers, and no ambassador
// gets it as a backend.
core::Result<std::unique_ptr<docker::Attached>> TableWriter::start(const std::string& root,
                                                                   const std::string& image) {
    docker::Creation creation;
    creation.image = image;
    creation.command = {"batch"};
    creation.labels = {{kWriterLabel, ""}};
    creation.helper.emplace();
    creation.helper->directory = {root, kVolume};
    const auto id = engine_.create(creation);
    if (!id) return id.error();
    auto attached = engine_.attach(*id);
    auto started = attached ? engine_.start(*id) : core::Result<void>(attached.error());
    if (!started) {
        (void)engine_.remove(*id);
        return started.error();
    }
    const auto ready = (*attached)->line(kAnswerTime);
    if (!ready) return ready.error();
    if (const Json said = Json::parse(*ready, nullptr, false); !said.is_object()) {
        return core::error("it says " + core::quote(*ready));
    }
    return attached;
}

bool TableWriter::fail(const std::string& reason) {
    helper_.reset();
    not_before_ = core::Clock::now() + kAgain;
    trouble_ = reason;
    return false;
}

// Says why there is no helper, once for each reason.
void TableWriter::say_trouble() {
    if (helper_ || trouble_ == said_) return;
    said_ = trouble_;
    say_(
        "there is no helper for the volumes of all ambassadors, each is told by a process of its "
        "own: " +
        trouble_);
}

bool TableWriter::open(const std::string& root, const std::vector<VerbCall>& questions) {
    if (helper_ && root_ == root) return true;
    if (questions.size() < kFew || core::Clock::now() < not_before_) return false;
    auto started = start(root, image_of(questions));
    if (!started) {
        return fail(started.error().reason);
    }
    helper_ = std::move(*started);
    root_ = root;
    return true;
}

// False: the helper has failed before it has answered all.
bool TableWriter::talk(const std::vector<VerbCall>& questions, const Places& places,
                       std::vector<bool>& unheard, const Heard& heard) {
    std::string lines;
    std::size_t waiting = 0;
    for (std::size_t i = 0; i < questions.size(); ++i) {
        if (!unheard[i] || !places[i] || places[i]->root != root_) continue;
        lines += line_of(i, places[i]->name, questions[i].words);
        ++waiting;
    }
    if (auto wrote = helper_->write(lines, kAnswerTime); !wrote) return fail(wrote.error().reason);
    for (; waiting > 0; --waiting) {
        const auto line = helper_->line(kAnswerTime);
        if (!line) return fail(line.error().reason);
        const auto answer = parse_answer(*line);
        if (!answer || answer->id >= questions.size() || !unheard[answer->id]) {
            return fail("it says " + core::quote(*line));
        }
        if (answer->absent) continue;
        unheard[answer->id] = false;
        heard(answer->id, answer->executed);
    }
    return true;
}

// A helper that was there already may have ended meanwhile, with its Engine or because nobody
// asked; another one is asked for the rest.
void TableWriter::ask_helper(const std::vector<VerbCall>& questions, std::vector<bool>& unheard,
                             const Heard& heard) {
    const std::lock_guard lock(mutex_);
    Places places;
    for (const VerbCall& question : questions)
        places.push_back(volume_place(question.ambassador->container));
    const auto first =
        std::find_if(places.begin(), places.end(), [](const auto& place) { return place; });
    if (first == places.end()) return;
    const bool was_there = helper_ != nullptr;
    const bool opened = open((*first)->root, questions);
    if (!opened || talk(questions, places, unheard, heard) || !was_there) return say_trouble();
    not_before_ = {};
    if (open((*first)->root, questions)) talk(questions, places, unheard, heard);
    say_trouble();
}

void TableWriter::ask(const std::vector<VerbCall>& questions, const Heard& heard) {
    std::vector<bool> unheard(questions.size(), true);
    if (!questions.empty()) ask_helper(questions, unheard, heard);
    std::vector<std::size_t> rest;
    for (std::size_t i = 0; i < questions.size(); ++i) {
        if (unheard[i]) rest.push_back(i);
    }
    docker::ten_at_a_time(rest, [&](std::size_t i) {
        std::vector<std::string> command{"amba"};
        command.insert(command.end(), questions[i].words.begin(), questions[i].words.end());
        heard(i, engine_.exec(questions[i].ambassador->container.id, command, kAnswerTime));
    });
}

}  // namespace amba::fleet
