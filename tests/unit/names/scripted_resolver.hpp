// A resolver without name servers: a test says where each name leads and when it is told.
//
// It keeps the promises of the real one: it answers from the loop, once, leaves out what is amba's
// own, and says nothing once it is gone.
#pragma once

#include <algorithm>
#include <boost/asio/post.hpp>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "amba/names/resolver.hpp"

namespace amba::test {

class ScriptedResolver final : public names::Resolver {
  public:
    explicit ScriptedResolver(boost::asio::io_context& loop) : Resolver(loop), loop_(loop) {}

    // From the next answer on. No address: there is no such name, as of all that are not named.
    void lead(const std::string& name, std::vector<core::Address> to) {
        failing_.erase(name);
        places_[name] = std::move(to);
    }
    // Its servers do not answer.
    void fail(const std::string& name) { failing_.insert(name); }
    // Of its answers from now on; 0: as from /etc/hosts, which has none.
    void live(core::Duration ttl) { ttl_ = ttl; }
    // Questions for it wait until release().
    void hold(const std::string& name) { held_[name]; }
    // Answers those that wait, in the next turn, and later ones at once.
    void release(const std::string& name) {
        const auto waiting = std::move(held_[name]);
        held_.erase(name);
        for (auto& [question, done] : waiting)
            answer(question, done);
    }

    unsigned asked(const std::string& name) const {
        const auto at = asked_.find(name);
        return at == asked_.end() ? 0 : at->second;
    }
    bool waits(const std::string& name) const {
        const auto at = held_.find(name);
        return at != held_.end() && !at->second.empty();
    }

    void resolve(names::NameQuestion question, Done done) override {
        ++asked_[question.name];
        const auto held = held_.find(question.name);
        if (held != held_.end()) {
            held->second.emplace_back(std::move(question), std::move(done));
        } else {
            answer(question, done);
        }
    }

  private:
    using Question = std::pair<names::NameQuestion, Done>;

    // With what is known in the turn in which it is told.
    void answer(const names::NameQuestion& question, const Done& done) {
        boost::asio::post(loop_, [this, alive = std::weak_ptr<bool>(alive_), question, done] {
            if (alive.lock()) done(answer_to(question));
        });
    }
    names::NameAnswer answer_to(const names::NameQuestion& question) const {
        names::NameAnswer out;
        if (failing_.contains(question.name)) {
            out.error = "no answer";
            out.v4_unknown = out.v6_unknown = true;
            return out;
        }
        const auto at = places_.find(question.name);
        if (at != places_.end()) {
            for (const core::Address& address : at->second) {
                const core::Endpoint place{address, question.port};
                if (question.own && question.own(place))
                    out.skipped.push_back(place);
                else
                    out.places.push_back({place});
            }
        }
        std::sort(out.places.begin(), out.places.end());
        out.ttl = ttl_;
        if (!out.places.empty()) return out;
        out.denied = true;
        out.error = out.skipped.empty() ? "no such name" : "it resolves to this ambassador alone";
        return out;
    }

    boost::asio::io_context& loop_;
    core::Duration ttl_{1000};
    std::map<std::string, std::vector<core::Address>> places_;
    std::set<std::string> failing_;
    std::map<std::string, std::vector<Question>> held_;
    std::map<std::string, unsigned> asked_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace amba::test
