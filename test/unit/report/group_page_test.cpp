// The page of a run over groups.
#include "report/group_page.hpp"

#include <gtest/gtest.h>

#include <string>

// A statement that somebody may copy names the table as one constant, whatever the table is called.
TEST(GroupPage, StatementsQuoteTheTablesName) {
  report::GroupRun run;
  run.table = R"("x'); DROP TABLE y; --")";
  run.groups = run.trained = 1;
  run.worst.emplace_back();
  const std::string page = report::GroupPage(run);
  EXPECT_NE(page.find("group_leaderboard(&#39;&quot;x&#39;&#39;); DROP TABLE y; --&quot;&#39;)"), std::string::npos)
      << page.substr(page.find("group_leaderboard"), 100);
}
