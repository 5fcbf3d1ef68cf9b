#pragma once

#include <CLI/CLI.hpp>

#include "cli/session.h"

namespace planwright::cli {

// Each function adds its commands to `app`; the chosen one leaves what is to be done in
// `session.action`. Groups of one topic share a file.
void addServeCommand(CLI::App& app, Session& session);
void addDoctorCommand(CLI::App& app, Session& session);
void addConfigCommands(CLI::App& app, Session& session);         // check-config
void addPluginCommands(CLI::App& app, Session& session);         // plugin inspect, and with these:
void addPluginStoreCommands(CLI::App& group, Session& session);  // install ls remove reload …
void addPluginRunCommand(CLI::App& group, Session& session);
void addPluginCheckCommand(CLI::App& group, Session& session);
void addPluginNewCommand(CLI::App& group, Session& session);
void addPluginReplayCommand(CLI::App& group, Session& session);
void addReloadCommand(CLI::App& app, Session& session);
void addListCommands(CLI::App& app,
                     Session& session);  // inputs plans builds queues … list|show, jobs
void addItemCommands(CLI::App& app,
                     Session& session);  // plan ID …, build ID …, input ID …, job ID …
void addWhyCommand(CLI::App& app, Session& session);
void addEnqueueCommands(CLI::App& app,
                        Session& session);  // enqueue-plan, enqueue-build, cancel, pause, resume
void addCacheCommands(CLI::App& app, Session& session);       // cache explain|forecast
void addDeadLetterCommands(CLI::App& app, Session& session);  // dead-letters list|show|requeue|…
void addFetchCommand(CLI::App& app, Session& session);
void addVerifyCommands(CLI::App& app, Session& session);   // verify, key, and with these:
void addRotateCommand(CLI::App& group, Session& session);  // key rotate
void addSubmitCommand(CLI::App& app, Session& session);
void addWatchCommand(CLI::App& app, Session& session);
void addLogCommands(CLI::App& app, Session& session);  // logs, and the events command
void addEventsCommand(CLI::App& app, Session& session);
void addSettingsCommands(CLI::App& app, Session& session);  // settings, mode
void addStatusCommands(CLI::App& app, Session& session);    // status, version
void addAccessCommands(CLI::App& app, Session& session);    // token, login-link, whoami
void addAuditCommand(CLI::App& app, Session& session);
void addWebhookCommands(CLI::App& app, Session& session);  // webhook add, ls, test …
void addMaintenanceCommands(CLI::App& app, Session& session);
void addRetentionCommands(CLI::App& app, Session& session);  // prune, gc
void addBackupCommands(CLI::App& app, Session& session);     // backup, restore

/// What the server would change if `file` were its configuration: check-config --diff.
ExitCode printDifference(Session& session, const std::string& file);

/// Adds `commands` of which one must be chosen.
CLI::App* addGroup(CLI::App& app, const std::string& name, const std::string& description);

}  // namespace planwright::cli
