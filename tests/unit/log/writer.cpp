#include "log/writer.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <signal.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <string>

using namespace amba::log;
using namespace std::chrono_literals;

namespace {

constexpr const char* kNowhere = "/nowhere/";

// The two ends that a log and its reader have.
struct Ends {
    int reader = -1;
    int writer = -1;
    ~Ends() {
        ::close(reader);
        ::close(writer);
    }
    std::string read() const {
        std::string out;
        char bytes[65536];
        ::fcntl(reader, F_SETFL, O_NONBLOCK);
        for (ssize_t got = 0; (got = ::read(reader, bytes, sizeof bytes)) > 0;)
            out.append(bytes, static_cast<std::size_t>(got));
        return out;
    }
};

struct Pipe : Ends {
    Pipe() {
        int ends[2];
        EXPECT_EQ(::pipe(ends), 0);
        reader = ends[0];
        writer = ends[1];
    }
};

struct Pair : Ends {
    Pair() {
        int ends[2];
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
        reader = ends[0];
        writer = ends[1];
    }
};

// A terminal whose output is stopped, as by Ctrl-S.
struct StoppedTerminal : Ends {
    StoppedTerminal() {
        EXPECT_EQ(::openpty(&reader, &writer, nullptr, nullptr, nullptr), 0);
        termios raw{};
        ::tcgetattr(writer, &raw);
        ::cfmakeraw(&raw);
        ::tcsetattr(writer, TCSANOW, &raw);
        EXPECT_EQ(::tcflow(writer, TCOOFF), 0);
    }
};

std::string line(int number) {
    return std::to_string(number) + std::string(100, '.') + "\n";
}

// Writes more lines than are kept, while nobody reads. Returns how many.
int write_until_dropped(Writer& writer) {
    int written = 0;
    for (; writer.dropped() == 0 && written < 100'000; ++written)
        writer.write(line(written));
    return written - 1;
}

// Lines 0 to `count` - 1, each as a whole and once.
std::string lines(int count) {
    std::string out;
    for (int i = 0; i < count; ++i)
        out += line(i);
    return out;
}

void expect_nothing_lost_but_what_was_dropped(Writer& writer, const Ends& ends) {
    const int taken = write_until_dropped(writer);
    EXPECT_FALSE(writer.flows());
    EXPECT_GT(taken, static_cast<int>(Writer::kMostKept / line(0).size() / 2));
    std::string read;
    for (int turns = 0; writer.keeps() && turns < 1000; ++turns) {
        read += ends.read();
        writer.write_kept();
    }
    EXPECT_TRUE(writer.flows());
    read += ends.read();
    EXPECT_TRUE(read == lines(taken)) << read.size() << " bytes of " << lines(taken).size();
    EXPECT_EQ(writer.dropped(), 1u);
}

}  // namespace

TEST(Writer, KeepsSomeLinesForASlowPipeAndDropsTheRest) {
    const Pipe pipe;
    Writer writer(pipe.writer);
    expect_nothing_lost_but_what_was_dropped(writer, pipe);
    EXPECT_EQ(::fcntl(pipe.writer, F_GETFL) & O_NONBLOCK, 0) << "it may be others' as well";
}

TEST(Writer, OfAPipeThatItMayNotOpen) {
    const Pipe pipe;
    Writer writer(pipe.writer, kNowhere);
    expect_nothing_lost_but_what_was_dropped(writer, pipe);
}

TEST(Writer, OfASocket) {
    const Pair pair;
    Writer writer(pair.writer);
    expect_nothing_lost_but_what_was_dropped(writer, pair);
}

TEST(Writer, OfATerminalThatIsStopped) {
    const StoppedTerminal terminal;
    Writer writer(terminal.writer);
    write_until_dropped(writer);
    EXPECT_GT(writer.dropped(), 0u);
}

TEST(Writer, OfATerminalThatIsStoppedAndThatItMayNotOpen) {
    const StoppedTerminal terminal;
    Writer writer(terminal.writer, kNowhere);
    write_until_dropped(writer);
    EXPECT_GT(writer.dropped(), 0u);
}

TEST(Writer, TakesALineThatIsLongerThanThePipe) {
    const Pipe pipe;
    Writer writer(pipe.writer);
    const std::string before = line(0);
    const std::string long_line = std::string(300'000, 'x') + "\n";
    writer.write(before);
    writer.write(long_line);
    EXPECT_TRUE(writer.keeps());
    std::string read;
    while (writer.keeps()) {
        read += pipe.read();
        writer.write_kept();
    }
    read += pipe.read();
    EXPECT_TRUE(read == before + long_line) << read.size();
    EXPECT_EQ(writer.dropped(), 0u);
}

// Several lines that were kept are written in pieces that end where lines end.
TEST(Writer, LeavesLinesWholeBesideAnotherWriter) {
    const Pipe pipe;
    Writer writer(pipe.writer);
    const int taken = write_until_dropped(writer);
    std::string read;
    int others = 0;
    for (int turns = 0; writer.keeps() && turns < 1000; ++turns) {
        read += pipe.read();
        writer.write_kept();
        read += pipe.read();
        others += ::write(pipe.writer, "other\n", 6) == 6;
    }
    read += pipe.read();
    ASSERT_GT(others, 1);
    for (int i = 0; i < others; ++i) {
        const std::size_t at = read.find("other\n");
        ASSERT_NE(at, read.npos);
        read.erase(at, 6);
    }
    EXPECT_TRUE(read == lines(taken));
}

TEST(Writer, CountsWhatNobodyCanRead) {
    ::signal(SIGPIPE, SIG_IGN);
    Pipe pipe;
    Writer writer(pipe.writer);
    writer.write(line(1));
    EXPECT_TRUE(writer.flows());
    ::close(pipe.reader);
    pipe.reader = -1;
    writer.write(line(2));
    EXPECT_EQ(writer.dropped(), 1u);
    EXPECT_FALSE(writer.flows());
}

TEST(Writer, CountsWhatWasKeptWhenTheReaderLeaves) {
    ::signal(SIGPIPE, SIG_IGN);
    Pipe pipe;
    Writer writer(pipe.writer);
    const int taken = write_until_dropped(writer);
    const auto in_pipe = static_cast<unsigned>(pipe.read().size() / line(taken).size());
    ::close(pipe.reader);
    pipe.reader = -1;
    writer.write_kept();
    EXPECT_FALSE(writer.keeps());
    EXPECT_GE(writer.dropped(), static_cast<unsigned>(taken) - in_pipe - 20);
}

TEST(Writer, OfNothingAtAll) {
    Writer writer(-1);
    writer.write(line(1));
    writer.finish(0ms);
    EXPECT_EQ(writer.dropped(), 1u);
    EXPECT_FALSE(writer.flows());
}

TEST(Writer, FinishesWithOneWhoReads) {
    const Pipe pipe;
    Writer writer(pipe.writer);
    write_until_dropped(writer);
    writer.finish(10ms);  // nobody reads: it does not stay
    EXPECT_TRUE(writer.keeps());
    while (writer.keeps()) {
        pipe.read();
        writer.finish(10ms);
    }
}
