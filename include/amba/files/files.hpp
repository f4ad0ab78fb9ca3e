// Files read and written as a whole.
//
// A file is written under another name and renamed, so that whatever happens a reader sees the old
// one or the new one. Errors name the path. Functions here may block on the file system.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "amba/core/result.hpp"
#include "amba/net/descriptor.hpp"

namespace amba::files {

// ---- which file, and in what state (stat(2)) ----

// Which file a path leads to. No other file gets this identity while the file is open, or bound.
using FileId = std::pair<dev_t, ino_t>;
std::optional<FileId> file_id(const std::string& path);  // nullopt: there is none

// What tells two states of a file apart without reading it.
struct Mark {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::int64_t size = 0;
    std::int64_t modified_ns = 0;  // mtime, since the epoch
    std::int64_t changed_ns = 0;   // ctime, which nobody can set
    bool operator==(const Mark&) const = default;
};
std::optional<Mark> mark(const std::string& path);  // nullopt: there is none

// "DIRECTORY belongs to uid N with mode M, and this is uid U".
std::string ownership(const std::string& directory);

// ---- reading ----

inline constexpr std::size_t kMostBytes = 64 << 20;

// A file as it was read.
struct Content {
    std::string bytes;
    Mark mark;
};

// The file, nothing when there is none, or why it cannot be read. Refuses what is larger than
// kMostBytes and what is not a regular file.
core::Result<std::optional<Content>> read_file(const std::string& path);

// The same, a part at a time: for what is looked through and not kept.
struct OpenFile {
    net::Descriptor fd;
    Mark mark;
};
core::Result<std::optional<OpenFile>> open_file(const std::string& path);
// Bytes read; 0 at the end.
core::Result<std::size_t> read_some(const OpenFile& file, const std::string& path, char* into,
                                    std::size_t room);

// ---- writing ----

// Replaces a file of this program, 0644 whatever the umask says. There is no fsync: a table must
// not wait for a disk. The error names the directory's owner and mode as well, and the uid that
// tried.
core::Result<void> write_file(const std::string& path, const std::string& bytes);

// Replaces a file of the user, on disk before it has its name. Keeps mode and owner of a file that
// is there, follows a symbolic link, and writes straight to what is no regular file (/dev/stdout).
core::Result<void> replace_file(const std::string& path, const std::string& bytes);

// Keeps what the file has been, `bytes`, in PATH.orig beside it, with its mode and owner; where
// that is another's already, in PATH.orig.1 and so on, so that no older copy is lost. Returns the
// copy's path.
core::Result<std::string> keep_copy(const std::string& path, const std::string& bytes);

}  // namespace amba::files
