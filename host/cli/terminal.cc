#include "cli/terminal.h"

#include <csignal>
#include <cstdlib>
#include <iostream>

#include <time.h>
#include <unistd.h>

#include "base/shown_text.h"

namespace planwright::cli {
namespace {

const char* colorOf(std::string_view word) {
  if (word == "failed" || word == "timed_out" || word == "dep_failed") return "31";
  if (word == "built" || word == "planned" || word == "succeeded" || word == "cached") return "32";
  if (word == "planning" || word == "building" || word == "running") return "36";
  if (word == "pending" || word == "ready_for_build" || word == "ready") return "33";
  if (word == "cancelled" || word == "superseded") return "90";
  return nullptr;
}

volatile std::sig_atomic_t gInterrupted = 0;  // a signal handler can reach nothing else

void onInterrupt(int) {
  gInterrupted = 1;
}

}  // namespace

std::string Terminal::status(std::string_view word) const {
  const char* code = color ? colorOf(word) : nullptr;
  if (!code) return std::string(word);
  return std::string("\x1b[") + code + "m" + std::string(word) + "\x1b[0m";
}

std::string printable(std::string_view text) {
  return shownText(text);
}

Terminal processTerminal() {
  Terminal terminal{std::cout, std::cerr, isatty(STDOUT_FILENO) == 1, isatty(STDERR_FILENO) == 1,
                    false};
  chooseColor(terminal, "auto");
  return terminal;
}

void chooseColor(Terminal& terminal, std::string_view choice) {
  const char* noColor = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  const bool isDumb = !term || std::string_view(term) == "dumb";
  terminal.color = choice == "always" || (choice == "auto" && terminal.outIsTerminal && !isDumb &&
                                          (!noColor || !*noColor));
}

Interrupts::Interrupts() {
  gInterrupted = 0;
  struct sigaction action {};
  action.sa_handler = onInterrupt;  // no SA_RESTART: a wait ends at once
  sigaction(SIGINT, &action, &before_);
}

Interrupts::~Interrupts() {
  sigaction(SIGINT, &before_, nullptr);
}

bool Interrupts::interrupted() const {
  return gInterrupted != 0;
}

bool Interrupts::wait(std::chrono::milliseconds time) const {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time);
  const timespec span{seconds.count(), std::chrono::nanoseconds(time - seconds).count()};
  if (!interrupted()) nanosleep(&span, nullptr);
  return !interrupted();
}

}  // namespace planwright::cli
