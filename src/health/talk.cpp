// Which protocol a check speaks.
#include "health/talk.hpp"

namespace amba::health {

using core::CheckType;

std::unique_ptr<Talk> talk_of(const core::Check& check, const core::Endpoint& backend,
                              const SecretPtr& secret) {
    switch (check.type) {
        case CheckType::kRedis: return redis_talk(check, secret);
        case CheckType::kPostgres: return postgres_talk(check, secret);
        case CheckType::kMysql: return mysql_talk(check, secret);
        case CheckType::kHttp: return http_talk(check, backend);
        case CheckType::kTcp:
        case CheckType::kOff: break;
    }
    return nullptr;
}

std::string user_of(const core::Check& check) {
    return check.user.empty() ? "amba" : check.user;
}

}  // namespace amba::health
