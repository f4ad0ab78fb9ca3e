// The lines of a stream that comes in pieces cut anywhere.
#pragma once

#include <string>
#include <string_view>

namespace amba::docker {

class Lines {
  public:
    // take(line) for each line whose end has come, without its end; empty ones are left out.
    template <class Take>
    void feed(std::string_view bytes, Take take) {
        std::size_t look = rest_.size();
        rest_ += bytes;
        std::size_t begin = 0;
        for (std::size_t end = 0; (end = rest_.find('\n', look)) != std::string::npos;) {
            std::string_view line = std::string_view(rest_).substr(begin, end - begin);
            if (line.ends_with('\r')) line.remove_suffix(1);
            if (!line.empty()) take(line);
            look = begin = end + 1;
        }
        rest_.erase(0, begin);
    }

    // What has no end yet.
    const std::string& rest() const { return rest_; }

  private:
    std::string rest_;
};

}  // namespace amba::docker
