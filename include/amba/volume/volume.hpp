// The volume: the directory that the daemon shares with its helpers, and the files in it.
//
//   config.json   the wanted table; written by reconfigure or any tool
//   active.json   the last table accepted; written by the daemon
//   verdict.json  what the daemon said of the last table it judged
//   amba.sock     HTTP over a UNIX socket
//   amba.lock     locked by the daemon for its life; says who it is
//
// config.json is in the volume, what the daemon writes is in the state directory, the same one by
// default. A file that a power failure tore is skipped at the next start with a line in the log.
//
// Functions here may block on the file system: the daemon calls them beside its loop.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "amba/core/result.hpp"
#include "amba/files/files.hpp"
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

// config.json, as it was when it was looked at last. Its identity is its content: neither the
// revision written in it nor a time of the file says whether it is another one.
struct ConfigState {
    std::string digest;  // SHA-256 of its bytes, or why it cannot be read; empty: there was none
    std::uint64_t quick = 0;  // a digest for this process alone, at a tenth of the CPU; 0: unknown
    files::Mark mark;         // of the file with those bytes
    bool settled = false;  // its times were old by then, so that a later change shows in the mark
};

// The wanted table, as far as it could be read.
struct WantedTable {
    std::string revision;
    std::optional<table::Table> table;
    std::string reason;  // when there is no table: FILE:LINE:COLUMN: POINTER: why
    std::optional<std::uint64_t> if_generation;  // see table::Document
};
// Why the wanted table cannot take the place of the active one; empty: it can. The active table may
// itself have come from a file of that revision, whose condition was met then.
std::string refused(const WantedTable& wanted, std::uint64_t generation,
                    const std::string& revision);

enum class ConfigNews { kNone, kSame, kChanged };

struct ConfigLook {
    ConfigNews news = ConfigNews::kNone;  // kNone: there is no config.json
    ConfigState seen;
    WantedTable wanted;  // of kChanged
};

// Looks at config.json and reads no more of it than it must: nothing where the mark says that it is
// the file of `before`, its bytes without parsing them where they are the same. With `rewritten`,
// the same bytes in a file written anew are news as well.
ConfigLook look_at_config(const Paths& paths, const ConfigState& before, bool rewritten = false);

// active.json
struct ActiveDocument {
    table::Table table;
    std::uint64_t generation = 0;
    std::string revision;
    std::vector<std::string> command_line;  // the table words the daemon was started with
    // The digest of the config.json that this table came from, or that was passed over for it.
    // Empty: there was none.
    std::string judged;
    // Set by read_active(): whether the file is by a version that knew no digests, and its mtime,
    // which that version made the one of config.json.
    bool without_digest = false;
    std::int64_t modified_ns = 0;
};
// nullopt: there is none. An error: there is one and it is damaged.
core::Result<std::optional<ActiveDocument>> read_active(const Paths& paths);
core::Result<void> write_active(const Paths& paths, const ActiveDocument& active);
// Its text, as the file has it.
std::string to_json(const ActiveDocument& active);
core::Result<ActiveDocument> parse_active(std::string_view text);

// verdict.json
struct Verdict {
    std::string revision;
    std::string digest;  // of the config.json that was judged; empty: the table was not from one
    bool applied = false;
    std::uint64_t generation = 0;         // the table that serves after it
    std::string reason;                   // why it was rejected
    std::vector<std::string> unresolved;  // names without an address so far
    bool saved = true;                    // active.json holds it
    std::string time;                     // RFC 3339, UTC
    std::string daemon;                   // an id new at each start
    // Frontends that serve with their old backends until one of these names resolves.
    struct WaitingFrontend {
        std::string frontend;
        std::vector<std::string> until;
    };
    std::vector<WaitingFrontend> waiting;
};
// What a frontend does while none of its backends has an address: "keeps its old backends until
// NAME resolves".
std::string waiting_words(const std::vector<std::string>& names);
std::string to_json(const Verdict& verdict);
std::optional<Verdict> parse_verdict(std::string_view text);
std::string now_rfc3339();

// The daemon's lock, held as long as the descriptor is open; or who holds it. No descriptor: the
// file system knows no locks, as `doubt` says, or there is nowhere to put one.
core::Result<net::Descriptor> lock_state(const Paths& paths, const std::string& daemon,
                                         std::string& doubt);
// Says in the lock, which this process has from another one, that it is this daemon's now.
void sign_lock(const net::Descriptor& lock, const std::string& daemon);
// Serialises writers of config.json: flock(2) on the directory itself, which needs no permission to
// write. Waits for at most `seconds` on one writer. No descriptor: the file system knows no locks.
core::Result<net::Descriptor> lock_writers(const Paths& paths, int seconds);

}  // namespace amba::volume
