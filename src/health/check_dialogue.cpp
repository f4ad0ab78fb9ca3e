// Which protocol a check speaks.
#include "health/check_dialogue.hpp"

namespace amba::health {

using core::CheckType;

std::unique_ptr<CheckDialogue> dialogue_of(const core::Check& check, const core::Endpoint& backend,
                                           const SecretPtr& secret) {
    switch (check.type) {
        case CheckType::kRedis: return redis_dialogue(check, secret);
        case CheckType::kPostgres: return postgres_dialogue(check, secret);
        case CheckType::kMysql: return mysql_dialogue(check, secret);
        case CheckType::kHttp: return http_dialogue(check, backend);
        case CheckType::kTcp:
        case CheckType::kOff: break;
    }
    return nullptr;
}

std::string user_of(const core::Check& check) {
    return check.user.empty() ? "amba" : check.user;
}

}  // namespace amba::health
