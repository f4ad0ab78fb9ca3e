// The words for HAProxy's two letters.
#include "amba/core/outcome.hpp"

namespace amba::core {

namespace {

const char* who(Outcome outcome) {
    switch (outcome.by) {
        case EndedBy::kNormal: return "both sides closed";
        case EndedBy::kClient: return "the client aborted";
        case EndedBy::kServer:
            return outcome.stage == Stage::kConnect ? "no backend could be connected to"
                                                    : "the backend aborted";
        case EndedBy::kProxy: return "there is no backend";
        case EndedBy::kResource: return "this host lacks descriptors, local ports or a route";
        case EndedBy::kClientTimeout: return "the idle time-out";
        case EndedBy::kServerTimeout:
            return outcome.stage == Stage::kQueue ? "no backend was free in time"
                                                  : "no backend answered in time";
        case EndedBy::kDown: return "its backend or frontend is gone";
        case EndedBy::kKilled: return "the ambassador was stopped";
    }
    return "";
}

const char* when(Stage stage) {
    switch (stage) {
        case Stage::kQueue: return ", while it waited for a backend";
        case Stage::kConnect: return ", while it was being connected";
        case Stage::kData: return ", while data was passed";
        case Stage::kLast: return ", after one side had closed";
        case Stage::kNone: return "";
    }
    return "";
}

}  // namespace

std::string to_string(Outcome outcome) {
    return std::string(who(outcome)) + when(outcome.stage);
}

}  // namespace amba::core
