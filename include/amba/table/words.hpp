// The table as words of a command line:
//
//   TABLE    := GROUP { "+" GROUP }
//   GROUP    := FRONTEND {KEY=VALUE} { BACKEND {KEY=VALUE} }
//   FRONTEND := PORT | ADDR:PORT | [V6]:PORT | *:PORT | :PORT | :::PORT
//   BACKEND  := HOST PORT | HOST:PORT | [V6]:PORT | V6 PORT | srv:NAME
//
// Example: 127.127.0.2:6379 removed=drain:30s redis1 6379 redis2:6379 weight=3 + 80 www:80
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "amba/core/result.hpp"
#include "amba/table/table.hpp"

namespace amba::table {

// Some platforms pass a whole command as one string: when the first word contains white space,
// all words are split at white space (hamba did the same). A path is no command: a first word that
// is a path, or an option with one (--dir=/a b), is left alone, and so are all others then; an
// option is the begin of a command only where a frontend, or one of `verbs`, is among its words.
// Later words that are paths or options with one are never split.
std::vector<std::string> split_words(std::vector<std::string> words,
                                     const std::vector<std::string>& verbs = {});

// The valid Table that the words stand for, or an error that quotes the word and says what was
// expected. No words at all are an error.
core::Result<Table> parse_words(const std::vector<std::string>& words);

// The grammar, and every key with its default, the values it takes and what it is for.
std::string help();

// FRONTEND of the grammar above.
core::Result<Bind> parse_bind(std::string_view word);

}  // namespace amba::table
