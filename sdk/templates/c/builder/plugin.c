#include <planwright/plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* Runs one job: what matches its output globs in the work folder afterwards is its result. This one
 * writes its spec (JSON, as the planner wrote it) to out.txt; programs are started with the host's
 * interface PW_EXEC. */
static pw_status build(void *self, pw_call *c, const pw_job *job) {
  const pw_host *h = ((instance *)self)->host;
  char path[4096];
  FILE *out;
  size_t written;
  if (job->spec.len <= 2) return fail(h, c, PW_REJECT, "the job's spec is empty");
  if (snprintf(path, sizeof path, "%.*s/out.txt", (int)job->workdir.len, job->workdir.ptr) >=
      (int)sizeof path)
    return fail(h, c, PW_REJECT, "the work folder has a very long name");
  out = fopen(path, "wb");
  if (!out) return fail(h, c, PW_RETRY, "out.txt could not be opened");
  written = fwrite(job->spec.ptr, 1, job->spec.len, out);
  if (fclose(out) != 0 || written != job->spec.len)
    return fail(h, c, PW_RETRY, "out.txt could not be written");
  return PW_OK;
}

static const pw_builder builder = {sizeof(pw_builder), 0, &life, build};

static const void *get_interface(const char *id) {
  return strcmp(id, PW_BUILDER) == 0 ? &builder : 0;
}

PW_EXPORT const pw_module planwright_module = {
    PW_MAGIC, sizeof(pw_module), PW_ABI_MAJOR, PW_ABI_MINOR, "@ID@", "0.1.0", 0, get_interface, 0};
