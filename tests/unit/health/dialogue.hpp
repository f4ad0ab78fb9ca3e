// Runs a check's dialogue against the answers of a scripted backend, in pieces of any size.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "health/check_dialogue.hpp"

namespace amba::health {

// What a dialogue came to: "alive", "more" or the reason of a failure; and everything that it sent.
struct DialogueResult {
    std::string verdict;
    std::string sent;
    std::string remark;  // of "alive"
};

// Feeds `answers` one after the other, each `piece` bytes at a time (0: whole).
inline DialogueResult converse(const core::Check& check, const std::vector<std::string>& answers,
                               std::size_t piece, const SecretPtr& secret = nullptr) {
    const auto backend = core::Endpoint{core::Address::v4({127, 0, 0, 1}), 80};
    const std::unique_ptr<CheckDialogue> dialogue = dialogue_of(check, backend, secret);
    DialogueResult out;
    out.sent = dialogue->open();
    std::string received;
    for (const std::string& answer : answers) {
        const std::size_t step = piece == 0 ? std::max<std::size_t>(answer.size(), 1) : piece;
        for (std::size_t at = 0; at < answer.size(); at += step) {
            received += answer.substr(at, step);
            const Step said = dialogue->hear(received);
            out.sent += said.send;
            if (said.kind == Step::Kind::kMore) continue;
            out.verdict = said.kind == Step::Kind::kAlive ? "alive" : said.reason;
            if (said.kind == Step::Kind::kAlive) out.remark = said.reason;
            return out;
        }
    }
    out.verdict = "more";
    return out;
}

// Feeds the answers whole, and in pieces, which must make no difference.
inline DialogueResult converse(const core::Check& check, const std::vector<std::string>& answers,
                               const SecretPtr& secret = nullptr) {
    const DialogueResult whole = converse(check, answers, 0, secret);
    for (const std::size_t piece : {1u, 2u, 3u, 7u}) {
        const DialogueResult pieces = converse(check, answers, piece, secret);
        // An error may quote less of an answer when less of it has arrived.
        if (!whole.verdict.starts_with("not a")) {
            EXPECT_EQ(pieces.verdict, whole.verdict) << "in pieces of " << piece;
        }
        EXPECT_EQ(pieces.sent, whole.sent) << "in pieces of " << piece;
    }
    return whole;
}

inline std::string verdict(const core::Check& check, const std::vector<std::string>& answers) {
    return converse(check, answers).verdict;
}

}  // namespace amba::health
