#include "health/scram.hpp"

#include <gtest/gtest.h>

using namespace amba::health;

namespace {

const std::string kFirst =
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";

Scram client() {
    return Scram("rOprNGfwEbeRWgbNEkqO", "user");
}

}  // namespace

// RFC 7677, section 3.
TEST(Scram, ItsExchange) {
    Scram scram = client();
    Secret secret("pencil");
    EXPECT_EQ(scram.first(), "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
    EXPECT_FALSE(scram.is_proof("v=")) << "before the exchange";
    const auto answer = scram.answer(kFirst, secret);
    ASSERT_TRUE(answer);
    EXPECT_EQ(*answer,
              "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
              "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
    EXPECT_TRUE(scram.is_proof("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="));
    EXPECT_FALSE(scram.is_proof("v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="));
    EXPECT_FALSE(scram.is_proof("e=other-error"));
    EXPECT_EQ(*client().answer(kFirst, secret), *answer) << "from what it remembers";
}

TEST(Scram, WhatIsNotScramIsRefused) {
    Secret secret("pencil");
    for (const char* wrong :
         {"", "r=rOprNGfwEbeRWgbNEkqO,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", "r=other,s=W22Z,i=4096",
          "r=rOprNGfwEbeRWgbNEkqO1,s=,i=4096", "r=rOprNGfwEbeRWgbNEkqO1,s=W22,i=4096",
          "r=rOprNGfwEbeRWgbNEkqO1,s=W22Z,i=0", "r=rOprNGfwEbeRWgbNEkqO1,s=W22Z,i=9x",
          "r=rOprNGfwEbeRWgbNEkqO1,s=W22Z,i=99999999999", "r=rOprNGfwEbeRWgbNEkqO1,s=W22Z",
          "m=ext,r=rOprNGfwEbeRWgbNEkqO1,s=W22Z,i=4096"}) {
        EXPECT_FALSE(client().answer(wrong, secret)) << wrong;
    }
    EXPECT_TRUE(client().answer("r=rOprNGfwEbeRWgbNEkqO1,s=W22Z,i=20000", secret));
    const auto slow = client().answer("r=rOprNGfwEbeRWgbNEkqO1,s=W22Z,i=20001", secret);
    ASSERT_FALSE(slow);
    EXPECT_EQ(slow.error().reason, "20001 rounds of SCRAM, more than 20000");
}

TEST(Scram, NoTwoNoncesAreEqual) {
    EXPECT_EQ(Scram::random_nonce().size(), 24u);
    EXPECT_NE(Scram::random_nonce(), Scram::random_nonce());
}
