#include "queues/quarantine_watch.h"

namespace planwright {

void QuarantineWatch::look(Connection& connection) {
  const auto now = std::chrono::steady_clock::now();
  if (now < nextLook_) return;
  nextLook_ = now + std::chrono::seconds(1);
  for (const auto& [plugin, deaths] : quarantine_.takeDeaths())
    metrics_.add("planwright_plugin_deaths_total", {{"plugin", plugin}},
                 static_cast<double>(deaths));
  for (const auto& plugin : quarantine_.unwritten()) {
    connection.run("quarantine_plugin", {plugin.digest, plugin.plugin, plugin.version,
                                         plugin.reason, plugin.deathsJson});
    quarantine_.written(plugin.digest);
    metrics_.add("planwright_plugin_quarantines_total", {{"plugin", plugin.plugin}});
  }
  std::map<std::string, std::string> reasons;
  const Rows rows = connection.run("quarantines");
  for (std::size_t i = 0; i < rows.size(); ++i)
    reasons[rows.text(i, "digest")] = rows.text(i, "reason");
  metrics_.set("planwright_plugins_quarantined", {}, static_cast<double>(reasons.size()));
  quarantine_.know(std::move(reasons));
  connection.run("release_held_by_quarantine");
}

}  // namespace planwright
