#include "store/sql_trouble.h"

#include <string>

#include <gtest/gtest.h>

namespace planwright::sql_trouble_test {
namespace {

TEST(SqlTrouble, OfAStatementIsWhatTheSameAgainMeetsAgain) {
  for (const std::string code : {"22001", "22021", "22P02", "23502", "23503", "23505", "23514",
                                 "42601", "42703", "42P01", "54000", "P0001", "XX000"})
    EXPECT_EQ(troubleOf(code), SqlTrouble::Statement) << code;
}

TEST(SqlTrouble, OfASessionIsWhatANewOneDoesNotMeet) {
  for (const std::string code : {"25006", "0A000", "26000", "42P05", "57P01", "57P05", "25P03"})
    EXPECT_EQ(troubleOf(code), SqlTrouble::Session) << code;
}

TEST(SqlTrouble, IsElseTheServersOrTheMoments) {
  for (const std::string code :
       {"",      "08000", "08003", "08006", "08P01", "28000", "28P01", "3D000", "40001", "40P01",
        "42501", "53100", "53200", "53300", "55P03", "57014", "57P02", "57P03", "58030", "72000"})
    EXPECT_EQ(troubleOf(code), SqlTrouble::Outage) << code;
}

}  // namespace
}  // namespace planwright::sql_trouble_test
