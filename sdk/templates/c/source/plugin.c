#include <planwright/plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <dirent.h>
#include <sys/stat.h>

/* One instance: one thread at a time calls it. */
typedef struct instance { const pw_host *host; } instance;

static pw_str text(const char *s) { pw_str out = {s, strlen(s)}; return out; }

/* Ends the call badly: `why` decides what the host does next, `message` is for people. */
static pw_status fail(const pw_host *h, pw_call *c, pw_status why, const char *message) {
  pw_str none = {0, 0};
  h->fail(h->ctx, c, why, text(message), none, 0);
  return why;
}

static pw_status create(const pw_host *h, pw_call *c, pw_str queue, pw_str settings, void **self) {
  instance *made = malloc(sizeof *made);
  (void)queue; /* settings: JSON, already checked against the schema in plugin.json */
  (void)settings;
  if (!made) return fail(h, c, PW_RETRY, "out of memory");
  made->host = h;
  *self = made;
  return PW_OK;
}
static pw_status start(void *self, pw_call *c) { (void)self; (void)c; return PW_OK; }
static void drain(void *self) { (void)self; }
static void stop(void *self, pw_call *c) { (void)self; (void)c; }
static void destroy(void *self) { free(self); }

static const pw_stage life = {sizeof(pw_stage), 0, create, start, drain, stop, destroy, 0};

#define FOLDER "/var/tmp"

/* Tells the host of one file. Names with a quote, a backslash or a control character are left out. */
static pw_status report(const pw_host *h, pw_call *c, const char *name) {
  char json[1024];
  const char *at;
  for (at = name; *at; at++)
    if (*at == '"' || *at == '\\' || (unsigned char)*at < ' ') return PW_OK;
  if (snprintf(json, sizeof json, "{\"name\":\"%s\",\"path\":\"" FOLDER "/%s\"}", name, name) >=
      (int)sizeof json)
    return PW_OK;
  return h->emit(h->ctx, c, text("input"), text(json));
}

/* The host stores the inputs and the cursor in one transaction and hands the cursor back next time:
 * here the newest time of change. */
static pw_status poll(void *self, pw_call *c, pw_str cursor, uint64_t *next_ms) {
  const pw_host *h = ((instance *)self)->host;
  char number[32] = "0", path[1024];
  long long since, newest, now = time(0);
  pw_status status = PW_OK;
  struct dirent *entry;
  struct stat info;
  DIR *folder;
  if (cursor.len < sizeof number) memcpy(number, cursor.ptr ? cursor.ptr : "", cursor.len);
  since = newest = atoll(number);
  folder = opendir(FOLDER);
  if (!folder) return fail(h, c, PW_RETRY, "cannot look into " FOLDER);
  while (status == PW_OK && (entry = readdir(folder))) {
    snprintf(path, sizeof path, FOLDER "/%s", entry->d_name);
    if (stat(path, &info) != 0 || !S_ISREG(info.st_mode) || info.st_mtime <= since) continue;
    if (info.st_mtime >= now - 1) continue; /* others of its second may follow: the next look */
    if (info.st_mtime > newest) newest = info.st_mtime;
    status = report(h, c, entry->d_name);
    if (h->cancelled(h->ctx, c) != PW_RUN) status = PW_CANCELLED;
  }
  closedir(folder);
  if (status != PW_OK) return fail(h, c, status, "the look into " FOLDER " was broken off");
  snprintf(number, sizeof number, "%lld", newest);
  *next_ms = 2000;
  return h->emit(h->ctx, c, text("cursor"), text(number));
}

static const pw_source source = {sizeof(pw_source), 0, &life, poll, 0};

static const void *get_interface(const char *id) {
  return strcmp(id, PW_SOURCE) == 0 ? &source : 0;
}

PW_EXPORT const pw_module planwright_module = {
    PW_MAGIC, sizeof(pw_module), PW_ABI_MAJOR, PW_ABI_MINOR, "@ID@", "0.1.0", 0, get_interface, 0};
