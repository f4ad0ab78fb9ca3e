// What `amba status --watch` shows: documents of /status in, frames of text out.
//
// It keeps what rates and sparklines are made of: the counters of the document before, and the last
// rates of each frontend. Another daemon (its id) or a counter that went back begins anew. Pure: no
// clock, no terminal, no socket; times are arguments. Frames are as many lines as the screen has
// rows, none longer than its columns in code points; they hold no control character but the escape
// sequences of colours.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "amba/admin/status_text.hpp"
#include "amba/core/duration.hpp"
#include "amba/core/result.hpp"

namespace amba::admin {

struct Screen {
    std::size_t rows = 24;
    std::size_t columns = 80;
};

class WatchView {
  public:
    WatchView(TerminalLook look, core::Duration interval);
    ~WatchView();
    WatchView(const WatchView&) = delete;
    WatchView& operator=(const WatchView&) = delete;

    // A document that arrived at `now`. The error says that it is no status; nothing has changed
    // then.
    core::Result<void> take(const std::string& status_json, core::Time now);
    // The daemon does not answer: what it said last stays, with a line that says since when and
    // why. `clock` is the time of day, as people read it; the first one of several counts.
    void miss(const std::string& reason, const std::string& clock);
    // The last line says whether the screen is paused.
    void set_paused(bool paused);

    // By lines of the table; down is positive. The next frame stays within the table.
    void scroll(std::ptrdiff_t lines);
    void scroll_page(std::ptrdiff_t pages);
    void scroll_to_begin();
    void scroll_to_end();

    std::vector<std::string> frame(const Screen& screen);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace amba::admin
