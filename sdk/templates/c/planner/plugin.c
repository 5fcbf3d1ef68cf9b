#include <planwright/plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* A growing text; `broken` once there was no memory. */
typedef struct writer { char *data; size_t size, room; int broken; } writer;

static void put(writer *w, const char *bytes, size_t n) {
  if (w->size + n > w->room) {
    size_t room = (w->size + n) * 2;
    char *more = realloc(w->data, room);
    if (!more) w->broken = 1;
    if (w->broken) return;
    w->data = more;
    w->room = room;
  }
  memcpy(w->data + w->size, bytes, n);
  w->size += n;
}
static void puts_to(writer *w, const char *s) { put(w, s, strlen(s)); }

/* `n` bytes as a JSON text. Bytes that are not ASCII are left out of this example. */
static void put_json(writer *w, const char *bytes, size_t n) {
  size_t i;
  puts_to(w, "\"");
  for (i = 0; i < n; i++) {
    unsigned char c = (unsigned char)bytes[i];
    if (c == '"' || c == '\\') puts_to(w, "\\");
    if (c >= ' ' && c < 127) put(w, bytes + i, 1);
  }
  puts_to(w, "\"");
}

/* The content of the input: inline when it is small, else the bytes of a blob. */
static pw_status read_input(const pw_host *h, pw_call *c, const pw_input *in, writer *to) {
  char part[65536];
  ssize_t n;
  int fd;
  put(to, in->inline_data.ptr ? in->inline_data.ptr : "", in->inline_data.len);
  if (in->inline_data.len || in->bytes == 0) return PW_OK;
  fd = h->blob_get(h->ctx, c, in->digest);
  if (fd < 0) return fail(h, c, -fd, "the input is not available");
  while ((n = read(fd, part, sizeof part)) > 0) put(to, part, (size_t)n);
  close(fd);
  return PW_OK;
}

/* One job for each line. */
static pw_status write_plan(const pw_host *h, pw_call *c, const writer *in, writer *out) {
  const char *at = in->data, *end = in->data + in->size;
  unsigned long count = 0;
  char head[80];
  puts_to(out, "{\"jobs\":[");
  while (at < end) {
    const char *line = at;
    const char *stop_at = memchr(at, '\n', (size_t)(end - at));
    size_t n = (size_t)((stop_at ? stop_at : end) - line);
    at = line + n + 1;
    if (n == 0) return fail(h, c, PW_REJECT, "the input has an empty line");
    snprintf(head, sizeof head, "%s{\"id\":\"line-%lu\",\"spec\":{\"command\":[\"echo\",",
             count ? "," : "", count + 1);
    puts_to(out, head);
    put_json(out, line, n);
    puts_to(out, "]}}");
    count++;
    if (h->cancelled(h->ctx, c) != PW_RUN) return fail(h, c, PW_CANCELLED, "stopped by the host");
  }
  puts_to(out, "]}");
  return PW_OK;
}

static pw_status plan(void *self, pw_call *c, const pw_input *in) {
  const pw_host *h = ((instance *)self)->host;
  writer content = {0, 0, 0, 0}, out = {0, 0, 0, 0};
  pw_status status = read_input(h, c, in, &content);
  if (status == PW_OK) status = write_plan(h, c, &content, &out);
  if (status == PW_OK && (content.broken || out.broken))
    status = fail(h, c, PW_RETRY, "out of memory");
  if (status == PW_OK) {
    pw_str json = {out.data, out.size};
    status = h->emit(h->ctx, c, text("plan"), json);
  }
  free(content.data);
  free(out.data);
  return status;
}

static const pw_planner planner = {sizeof(pw_planner), 0, &life, plan};

static const void *get_interface(const char *id) {
  return strcmp(id, PW_PLANNER) == 0 ? &planner : 0;
}

PW_EXPORT const pw_module planwright_module = {
    PW_MAGIC, sizeof(pw_module), PW_ABI_MAJOR, PW_ABI_MINOR, "@ID@", "0.1.0", 0, get_interface, 0};
