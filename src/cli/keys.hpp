// Keys of a terminal out of the bytes that it sends.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace amba::cli {

enum class Key { kQuit, kPause, kUp, kDown, kPageUp, kPageDown, kBegin, kEnd };

// An escape sequence may arrive in pieces: its begin is kept. What has no meaning is skipped.
class Keys {
  public:
    std::vector<Key> feed(std::string_view bytes);

  private:
    std::string sequence_;  // begins with ESC; empty: none
};

}  // namespace amba::cli
