#include "embedded/embedded_services.h"

#include <gtest/gtest.h>

#include "support/services.h"

namespace planwright {
namespace {

TEST(TestServices, GivesEveryTestADatabaseOfItsOwn) {
  TestServices& services = TestServices::get();
  EXPECT_NE(services.freshDatabase(), services.freshDatabase());
  EXPECT_NE(services.redisUrl(), services.redisUrl());
}

}  // namespace
}  // namespace planwright
