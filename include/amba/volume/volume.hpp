// The volume: the directory that the daemon shares with its helpers, and the files in it.
//
//   config.json   the wanted table; written by reconfigure or any tool
//   active.json   the last table accepted; written by the daemon
//   verdict.json  what the daemon said of the last table it judged
//   amba.sock     HTTP over a UNIX socket
//   amba.lock     locked by the daemon for its life; says who it is
//
// config.json is in the volume, what the daemon writes is in the state directory, the same one by
// default. Files are written whole under another name and renamed, 0644, so that a reader sees the
// old file or the new one. There is no fsync: a swap must not wait for a disk, and a file that a
// power failure tore is skipped at the next start with a line in the log.
//
// Functions here may block on the file system: the daemon calls them beside its loop.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "amba/core/result.hpp"
#include "amba/net/descriptor.hpp"
#include "amba/table/json.hpp"
#include "amba/table/table.hpp"

namespace amba::volume {

struct Paths {
    std::string directory;  // of config.json
    std::string state;      // of everything else

    std::string config() const { return directory + "/config.json"; }
    std::string active() const { return state + "/active.json"; }
    std::string verdict() const { return state + "/verdict.json"; }
    std::string socket() const { return state + "/amba.sock"; }
    std::string lock() const { return state + "/amba.lock"; }
    // The socket's name where the directory cannot hold one: an abstract name (unix(7), written
    // with
    // '@' for its first byte), made from the directory's identity, that the same network namespace
    // reaches. Empty when there is no directory.
    std::string hidden_socket() const;
};

// "DIRECTORY belongs to uid N with mode M, and this is uid U".
std::string ownership(const std::string& directory);

// A file as it was read.
struct Content {
    std::string bytes;
    std::int64_t modified_ns = 0;  // mtime, since the epoch
    std::uint64_t inode = 0;       // tells two files of one moment apart
};

// The file, nothing when there is none, or why it cannot be read. Refuses what is larger than
// table::kMaxDocumentBytes and what is not a regular file.
core::Result<std::optional<Content>> read_file(const std::string& path);

// Replaces `path` as a whole; its mtime is `modified_ns`, or now. The error names the path, the
// directory's owner and mode, and the uid that tried.
core::Result<void> write_file(const std::string& path, const std::string& bytes,
                              std::int64_t modified_ns = 0);

// The revision of a file without one of its own: the SHA-256 of its bytes in hexadecimal.
std::string sha256(std::string_view bytes);
// 128 random bits in hexadecimal.
std::string random_id();

// The wanted table, as far as it could be read.
struct Wanted {
    std::string revision;
    std::int64_t modified_ns = 0;
    std::uint64_t inode = 0;
    std::optional<table::Table> table;
    std::string reason;  // when there is no table: FILE:LINE:COLUMN: POINTER: why
};
// nullopt: there is no config.json.
std::optional<Wanted> read_wanted(const Paths& paths);

// active.json
struct Active {
    table::Table table;
    std::uint64_t generation = 0;
    std::string revision;
    std::vector<std::string> command_line;  // the table words the daemon was started with
    // The mtime, which is that of the config.json it came from: one written later, and be it while
    // this one was being applied, is then newer for all to see. 0 writes the current time.
    std::int64_t modified_ns = 0;
};
// nullopt: there is none. An error: there is one and it is damaged.
core::Result<std::optional<Active>> read_active(const Paths& paths);
core::Result<void> write_active(const Paths& paths, const Active& active);

// verdict.json
struct Verdict {
    std::string revision;
    bool applied = false;
    std::uint64_t generation = 0;         // the table that serves after it
    std::string reason;                   // why it was rejected
    std::vector<std::string> unresolved;  // names without an address so far
    bool saved = true;                    // active.json holds it
    std::string time;                     // RFC 3339, UTC
    std::string daemon;                   // an id new at each start
};
std::string to_json(const Verdict& verdict);
std::optional<Verdict> parse_verdict(std::string_view text);
std::string now_rfc3339();

// The daemon's lock, held as long as the descriptor is open; or who holds it.
core::Result<net::Descriptor> lock_state(const Paths& paths, const std::string& daemon);
// Serialises writers of config.json: flock(2) on the directory itself, which needs no permission to
// write. Waits for at most `seconds`.
core::Result<net::Descriptor> lock_writers(const Paths& paths, int seconds);

}  // namespace amba::volume
