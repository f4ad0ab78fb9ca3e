// The event stream: JSON objects, one a line, as long as the Engine lives.
#include <cstdio>
#include <optional>

#include "amba/core/rfc3339.hpp"
#include "amba/docker/engine.hpp"
#include "docker/lines.hpp"
#include "docker/questions.hpp"

namespace amba::docker {

namespace {

constexpr std::size_t kLongestEvent = 16 << 20;  // labels and all; more is no event stream

EngineEvent event_of(const Value& root) {
    return {root["Type"].needed_text(), root["Action"].text(), root["Actor"]["ID"].text(),
            root["Actor"]["Attributes"].labels(), root["timeNano"].number() / 1000};
}

}  // namespace

// "since=SECONDS.NANOSECONDS": now, by the Engine's clock. An Engine answers a moment before it
// begins to listen for events; those of that moment are told for the sake of this.
core::Result<std::string> Engine::since(const CallLimits& limits) const {
    constexpr std::int64_t kSecond = 1'000'000;
    const EngineRequest request{.path = "/info"};
    const auto response = ask(request, limits);
    if (!response) return response.error();
    return read_answer(host_, request, *response, [](const Value& root) {
        const Value time = root["SystemTime"];
        const std::string text = time.needed_text();
        const auto us = core::parse_rfc3339(text);
        if (!us) time.fail("is " + core::quote(text) + "; expected a time of RFC 3339");
        char out[64];
        std::snprintf(out, sizeof out, "since=%lld.%06lld000",
                      static_cast<long long>(*us / kSecond), static_cast<long long>(*us % kSecond));
        return std::string(out);
    });
}

core::Result<void> Engine::events(const std::function<void()>& opened,
                                  const std::function<void(const EngineEvent&)>& told,
                                  const std::stop_token& stop) const {
    const CallLimits limits(time_, stop);
    const auto from = since(limits);
    if (stop.stop_requested()) return {};
    if (!from) return from.error();
    const EngineRequest request{.path = "/events",
                                .query = *from + "&" + filters("type", {"container", "volume"})};
    const auto failed = [&](const std::string& why) {
        return core::error(host_.to_string() + ": " + request.what() + ": " + why);
    };
    Lines lines;
    const auto take = [&](std::string_view bytes) -> core::Result<void> {
        std::optional<core::Error> wrong;
        lines.feed(bytes, [&](std::string_view line) {
            if (wrong || stop.stop_requested()) return;
            const auto event = understand(line, event_of);
            if (event)
                told(*event);
            else
                wrong = failed(event.error().reason);
        });
        if (!wrong && lines.rest().size() > kLongestEvent) {
            wrong = failed("an event of more than 16 MB");
        }
        if (wrong) return *wrong;
        return {};
    };
    const auto question = versioned(request, limits);
    if (stop.stop_requested()) return {};
    if (!question) return question.error();
    const auto response = follow(host_, *question, limits, opened, take);
    if (stop.stop_requested()) return {};
    if (!response) return response.error();
    if (response->status != 200) return refused(request, *response);
    return failed("the stream has ended");
}

}  // namespace amba::docker
