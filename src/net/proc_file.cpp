// A piece at a time: a table of sockets may be long, and its first line enough.
#include "amba/net/proc_file.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>

#include "amba/net/descriptor.hpp"

namespace amba::net {

namespace {

// False: `take` has had enough.
bool each_piece(const std::string& path, const std::function<bool(std::string_view)>& take) {
    const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    std::array<char, 4096> piece{};
    while (fd) {
        const ssize_t got = ::read(fd.get(), piece.data(), piece.size());
        if (got <= 0) break;
        if (!take({piece.data(), static_cast<std::size_t>(got)})) return false;
    }
    return true;
}

}  // namespace

std::string read_proc_file(const std::string& path) {
    std::string out;
    each_piece(path, [&](std::string_view piece) {
        out.append(piece);
        return true;
    });
    return out;
}

bool each_proc_line(const std::string& path, const std::function<bool(std::string_view)>& more) {
    std::string rest;
    const bool whole = each_piece(path, [&](std::string_view piece) {
        rest.append(piece);
        std::size_t begin = 0;
        for (std::size_t end = 0; (end = rest.find('\n', begin)) != std::string::npos;
             begin = end + 1) {
            if (!more(std::string_view(rest).substr(begin, end - begin))) return false;
        }
        rest.erase(0, begin);
        return true;
    });
    return whole && (rest.empty() || more(rest));
}

bool each_proc_name(const std::string& path, const std::function<bool(const std::string&)>& more) {
    const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(path.c_str()), ::closedir);
    while (directory) {
        const dirent* const entry = ::readdir(directory.get());
        if (entry == nullptr) break;
        if (entry->d_name[0] != '.' && !more(entry->d_name)) return false;
    }
    return true;
}

std::string_view proc_word(std::string_view line, int n) {
    while (true) {
        line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
        const std::size_t end = std::min(line.find(' '), line.size());
        if (n-- == 0) return line.substr(0, end);
        line.remove_prefix(end);
        if (line.empty()) return {};
    }
}

}  // namespace amba::net
