// When which backend is asked, and who is told the results.
#include "amba/health/checks.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "amba/log/log.hpp"
#include "amba/net/budget.hpp"
#include "health/passwords.hpp"
#include "health/register.hpp"
#include "health/subject.hpp"

namespace amba::health {

using balance::State;

namespace {

using Waiting =
    boost::intrusive::list<Subject,
                           boost::intrusive::member_hook<Subject, Subject::Turn, &Subject::turn>,
                           boost::intrusive::constant_time_size<false>>;

// So many are begun in so long, 1,600 a second: a table may have a hundred thousand backends, and a
// check of one that refuses ends at once. Where that is too few the intervals stretch.
constexpr int kBurst = 16;
constexpr core::Duration kWindow{10};
// Without a descriptor to spare a check waits for so long.
constexpr core::Duration kNoDescriptor{100};

bool used_since_last_look(const Subject& subject) {
    return std::any_of(subject.links.begin(), subject.links.end(), [&](const Link& link) {
        return link.backend->connected_at() > subject.looked_at;
    });
}

bool in_use(const Subject& subject) {
    return std::any_of(subject.links.begin(), subject.links.end(), [&](const Link& link) {
        return link.backend->connections() > 0 || link.backend->connected_at() > subject.looked_at;
    });
}

// A real connection says what a tcp check would, while nothing speaks against it.
bool may_be_left_out(const Subject& subject) {
    return subject.check().type == core::CheckType::kTcp && !subject.hurried &&
           subject.hysteresis.state() != State::kUnhealthy && !subject.hysteresis.changing() &&
           used_since_last_look(subject);
}

bool uses_password(core::CheckType type) {
    return type == core::CheckType::kRedis || type == core::CheckType::kPostgres;
}

}  // namespace

class Checks::Inside final : public Schedule, public Register::Listener {
  public:
    Inside(net::Poller& poller, net::Deadlines& deadlines, std::uint64_t seed, Changed changed,
           Beside beside) :
        poller_(poller),
        deadlines_(deadlines), changed_(std::move(changed)), random_(seed),
        passwords_(std::move(beside),
                   [this] {
                       waiting_.splice(waiting_.end(), unread_);
                       begin();
                   }),
        known_(poller, *this, *this) {}
    ~Inside() {
        known_.each([this](Subject& subject) {
            if (subject.probe == nullptr) return;
            subject.probe->cancel();
            is_over();
        });
    }

    void hurry(const core::Endpoint& endpoint);
    Register& known() { return known_; }
    std::size_t under_way() const { return under_way_; }

  private:
    struct Pause final : net::Deadline {
        explicit Pause(Inside& inside_in) : inside(inside_in) {}
        void on_deadline() override { inside.begin(); }
        Inside& inside;
    };

    void due(Subject& subject) override;
    void added(Subject& subject) override;
    void removed(Subject& subject) override;
    void joined(Link& link) override;

    std::uint64_t draw() { return balance::draw(random_); }
    void wait(Subject& subject, core::Duration duration);
    void begin();
    std::optional<SecretPtr> secret_of(Subject& subject);
    void ask(Subject& subject, const SecretPtr& secret);
    void answered(Subject& subject, const CheckResult& verdict);
    void leave(Subject& subject, const std::string& reason);
    void note(Subject& subject, const CheckResult& verdict);
    void take(Subject& subject, bool success, const std::string& reason);
    void is_over() {
        --under_way_;
        net::Budget::of_process().give_back(net::Budget::Use::kChecks, 1);
    }
    void tell(Subject& subject, bool all);
    void tell(const Link& link);

    net::Poller& poller_;
    net::Deadlines& deadlines_;
    const Changed changed_;
    std::uint64_t random_;
    Waiting waiting_;
    Waiting unread_;  // these are due too, and their password files are being read
    Passwords passwords_;
    Register known_;
    Pause pause_{*this};
    core::Time window_{};  // when it began
    int begun_ = 0;        // in it
    std::size_t under_way_ = 0;
};

// ---- the schedule ----

void Checks::Inside::wait(Subject& subject, core::Duration duration) {
    deadlines_.set(subject, core::Clock::now() + duration);
}

void Checks::Inside::added(Subject& subject) {
    wait(subject, balance::part_of(subject.check().inter, draw()));
}

void Checks::Inside::removed(Subject& subject) {
    if (subject.probe == nullptr) return;
    subject.probe->cancel();
    is_over();
    // The next check begins in a later turn: this may be called by whoever is being told of a
    // result.
    if (!waiting_.empty()) deadlines_.set(pause_, core::Clock::now());
}

void Checks::Inside::hurry(const core::Endpoint& endpoint) {
    known_.each(endpoint, [&](Subject& subject) {
        const bool down = subject.hysteresis.state() == State::kUnhealthy;
        if (down || subject.probe != nullptr) return;
        subject.hurried = true;
        if (!subject.armed()) return;  // waits for its turn
        const auto soon = core::Clock::now() + balance::jittered(subject.check().fast(), draw());
        if (soon < subject.when()) deadlines_.set(subject, soon);
    });
}

void Checks::Inside::due(Subject& subject) {
    if (may_be_left_out(subject)) return take(subject, true, {});
    waiting_.push_back(subject);
    begin();
}

void Checks::Inside::begin() {
    if (waiting_.empty()) return;
    if (const core::Time now = core::Clock::now(); now - window_ >= kWindow) {
        window_ = now;
        begun_ = 0;
    }
    while (under_way_ < kMostUnderWay && !waiting_.empty()) {
        if (begun_ == kBurst) return deadlines_.set(pause_, window_ + kWindow);
        Subject& subject = waiting_.front();
        const std::optional<SecretPtr> secret = secret_of(subject);
        if (!secret) continue;
        if (!net::Budget::of_process().take(net::Budget::Use::kChecks, 1)) {
            return deadlines_.set(pause_, core::Clock::now() + kNoDescriptor);
        }
        ++begun_;
        waiting_.pop_front();
        ask(subject, *secret);
    }
}

// The password of the check; nullptr where it needs none. nullopt: the check does not begin now, as
// its password is being read or cannot be read.
std::optional<SecretPtr> Checks::Inside::secret_of(Subject& subject) {
    const std::string& path = subject.check().password_file;
    if (path.empty() || !uses_password(subject.check().type)) return SecretPtr();
    const Passwords::Password* known = passwords_.get(path);
    if (known != nullptr && known->secret) return known->secret;
    subject.turn.unlink();
    if (known == nullptr) {
        unread_.push_back(subject);
    } else {
        leave(subject, known->reason);
    }
    return std::nullopt;
}

void Checks::Inside::ask(Subject& subject, const SecretPtr& secret) {
    subject.probe = new Probe(
        poller_, deadlines_, *subject.endpoint, subject.check(),
        [this, &subject](const CheckResult& verdict) { answered(subject, verdict); }, secret);
    ++under_way_;
    subject.probe->start();
}

// ---- the results ----

void Checks::Inside::answered(Subject& subject, const CheckResult& verdict) {
    subject.probe = nullptr;
    is_over();
    if (verdict.kind == CheckResult::Kind::kNothing) {
        leave(subject, verdict.reason);
    } else {
        note(subject, verdict);
        take(subject, verdict.kind == CheckResult::Kind::kAlive, verdict.reason);
    }
    begin();
}

// Leaves the state of the subject as it is: a shortage of this host is not the backend's fault. It
// is logged once, until a check succeeds or fails again.
void Checks::Inside::leave(Subject& subject, const std::string& reason) {
    wait(subject, balance::jittered(subject.check().inter, draw()));
    if (std::exchange(subject.unasked, true)) return;
    const std::string backend = subject.endpoint->to_string();
    log::warning("check", backend + " cannot be checked and stays as it is: " + reason,
                 {.frontend = {}, .backend = backend});
}

// A server that answers is alive, but whoever gave its check a password wants to know that it is
// not accepted. It is logged once.
void Checks::Inside::note(Subject& subject, const CheckResult& verdict) {
    const bool refused = verdict.kind == CheckResult::Kind::kAlive && !verdict.reason.empty();
    if (!std::exchange(subject.refused, refused) && refused) {
        const std::string backend = subject.endpoint->to_string();
        log::warning("check",
                     backend + " answers, but does not accept its check: " + verdict.reason,
                     {.frontend = {}, .backend = backend});
    }
}

void Checks::Inside::take(Subject& subject, bool success, const std::string& reason) {
    const bool used = in_use(subject);
    const bool changed = subject.hysteresis.take(success, subject.check());
    subject.hurried = subject.unasked = false;
    subject.reason = reason;
    subject.looked_at = core::Clock::now();
    if (changed) subject.since = subject.looked_at;
    wait(subject, balance::jittered(subject.hysteresis.interval(subject.check(), used), draw()));
    // This comes last: the subject may be gone afterwards. A backend is told of as well when real
    // connections found it wanting, or well, while its checks say otherwise.
    if (subject.hysteresis.state() != State::kUnknown) tell(subject, changed);
}

void Checks::Inside::joined(Link& link) {
    const State state = link.subject.hysteresis.state();
    if (state != State::kUnknown && state != link.backend->health().state()) tell(link);
}

void Checks::Inside::tell(Subject& subject, bool all) {
    known_.hold();
    const State state = subject.hysteresis.state();
    for (const Link& link : subject.links) {
        if (all || link.backend->health().state() != state) tell(link);
    }
    known_.release();
}

void Checks::Inside::tell(const Link& link) {
    const Subject& subject = link.subject;
    const bool healthy = subject.hysteresis.state() == State::kHealthy;
    // A copy of the reason: those who are told may call hurry(), which may change it.
    const std::string why = healthy ? "its checks succeed" : subject.reason;
    changed_(link.owner, *link.backend, healthy, why);
}

// ---- the door ----

Checks::Checks(net::Poller& poller, net::Deadlines& deadlines, std::uint64_t seed, Changed changed,
               Beside beside) :
    inside_(
        std::make_unique<Inside>(poller, deadlines, seed, std::move(changed), std::move(beside))) {}

Checks::~Checks() = default;

void Checks::watch(const core::Bind& owner, std::vector<CheckedBackend> backends) {
    inside_->known().want(owner, std::move(backends));
}

void Checks::forget(const core::Bind& owner) {
    inside_->known().want(owner, {});
}

void Checks::hurry(const core::Endpoint& endpoint) {
    inside_->hurry(endpoint);
}

std::optional<Report> Checks::report(const core::Endpoint& endpoint,
                                     const core::Check& check) const {
    const auto settings = inside_->known().settings().find(check);
    if (settings == inside_->known().settings().end()) return std::nullopt;
    const Subject* subject = inside_->known().find(endpoint, settings);
    if (subject == nullptr) return std::nullopt;
    return Report{subject->hysteresis.state(),
                  subject->since,
                  subject->looked_at,
                  subject->hysteresis.last_success(),
                  subject->hysteresis.in_a_row(),
                  subject->reason};
}

std::size_t Checks::watched() const {
    return inside_->known().size();
}

std::size_t Checks::under_way() const {
    return inside_->under_way();
}

}  // namespace amba::health
