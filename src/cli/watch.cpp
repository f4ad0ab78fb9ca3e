// The screen of `status --watch`: asks, draws, hears keys.
#include "cli/watch.hpp"

#include <algorithm>
#include <ctime>

#include "amba/admin/watch_view.hpp"
#include "cli/commands.hpp"
#include "cli/keys.hpp"
#include "cli/terminal.hpp"

namespace amba::cli {

namespace {

using namespace std::chrono_literals;
constexpr core::Duration kAnswerTime = 5s;
constexpr core::Duration kRest = 50ms;  // between two questions, where answers are slow

// "07:30:12 UTC", as the daemon's times are.
std::string clock_words() {
    const std::time_t now = std::time(nullptr);
    std::tm utc{};
    gmtime_r(&now, &utc);
    char text[32];
    std::strftime(text, sizeof text, "%H:%M:%S UTC", &utc);
    return text;
}

class WatchScreen {
  public:
    WatchScreen(const volume::Paths& paths, core::Duration interval) :
        paths_(paths), interval_(interval), view_(terminal_look(), interval) {}

    // Asks once before there is a screen. The error says why there is nothing to show.
    core::Result<void> begin() {
        const auto answer = ask(paths_, "GET", "/status", kAnswerTime);
        if (!answer) return answer.error();
        return judge(*answer);
    }

    void run() {
        Terminal terminal;
        core::Time next = core::Clock::now() + interval_;
        while (!over(terminal)) {
            draw(terminal);
            const core::Time now = core::Clock::now();
            const bool due = !paused_ && now >= next;
            if (due) {
                question(terminal);
                next = std::max(now + interval_, core::Clock::now() + kRest);
                changed_ = true;
            } else {
                using std::chrono::ceil;
                heed(terminal.wait(paused_ ? 60s : ceil<core::Duration>(next - now)));
            }
        }
    }

  private:
    bool over(const Terminal& terminal) const { return quits_ || terminal.over(); }

    core::Result<void> judge(const admin::Response& answer) {
        if (answer.status != 200) {
            return core::error("the ambassador answered " + std::to_string(answer.status));
        }
        return view_.take(answer.body, core::Clock::now());
    }

    // Keys work while it waits for an answer.
    void question(Terminal& terminal) {
        const auto given_up = [&] {
            heed(terminal.wait(0ms));
            draw(terminal);
            return over(terminal);
        };
        const auto answer = ask(paths_, "GET", "/status", kAnswerTime, given_up);
        if (over(terminal)) return;
        if (!answer) return view_.miss(answer.error().reason, clock_words());
        if (const auto judged = judge(*answer); !judged) {
            view_.miss(judged.error().reason, clock_words());
        }
    }

    void heed(const std::string& typed) {
        for (const Key key : keys_.feed(typed)) {
            changed_ = true;
            switch (key) {
                case Key::kQuit: quits_ = true; break;
                case Key::kPause: view_.set_paused(paused_ = !paused_); break;
                case Key::kUp: view_.scroll(-1); break;
                case Key::kDown: view_.scroll(1); break;
                case Key::kPageUp: view_.scroll_page(-1); break;
                case Key::kPageDown: view_.scroll_page(1); break;
                case Key::kBegin: view_.scroll_to_begin(); break;
                case Key::kEnd: view_.scroll_to_end(); break;
            }
        }
    }

    void draw(Terminal& terminal) {
        if (over(terminal) || (!changed_ && !terminal.resized())) return;
        changed_ = false;
        terminal.paint(view_.frame(terminal.size()));
    }

    const volume::Paths& paths_;
    const core::Duration interval_;
    admin::WatchView view_;
    Keys keys_;
    bool changed_ = true;
    bool paused_ = false;
    bool quits_ = false;
};

}  // namespace

int watch(const volume::Paths& paths, core::Duration interval) {
    WatchScreen watch(paths, interval);
    if (const auto began = watch.begin(); !began) return fail(kFailed, began.error().reason);
    watch.run();
    return kDone;
}

}  // namespace amba::cli
