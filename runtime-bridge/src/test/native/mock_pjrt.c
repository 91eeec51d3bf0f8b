/*
 * A PJRT plugin that computes almost nothing and watches its caller: it counts what is alive, and
 * wrong uses (a handle used after its end, a NULL where none may be, a type that does not fit) as
 * violations instead of dying of them as real plugins do.
 *
 * When it is compiled: MOCK_MAJOR, MOCK_MINOR, MOCK_SLOTS (what it says of itself), MOCK_ENTRY (the
 * name of its entry), MOCK_GROWN (the name of a struct that has grown by 8 bytes).
 *
 * Create options:
 *   cpu_device_count  number of devices, 4 without it
 *   events            "inline" (ready at once, the default), "thread" (from a thread of its own),
 *                     "held" (when mock_release is called, or the client is destroyed)
 *   fail              "compile", "hang-compile" (until mock_release), "deep-compile"
 *                     (does not fail, but takes 60 MiB of stack), "upload", "upload-event",
 *                     "execute", "event", "read", "on-ready"
 *   abort             "compile" or "execute"
 *   kv_node, kv_of    publish this node's name in the key-value store and wait for all others
 *
 * Programs are text, one item a line: "arguments N", "result OP ARGUMENTS as TYPE DIMENSIONS",
 * "alias ARGUMENT RESULT" (donation), "end". OP is add A B, copy A, transpose A, allreduce A; all
 * but copy are for float32.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef MOCK_MAJOR
#define MOCK_MAJOR 0
#endif
#ifndef MOCK_MINOR
#define MOCK_MINOR 115
#endif
#ifndef MOCK_SLOTS
#define MOCK_SLOTS 138
#endif
#ifndef MOCK_ENTRY
#define MOCK_ENTRY GetPjrtApi
#endif
#ifndef MOCK_GROWN
#define MOCK_GROWN ""
#endif

#define MAX_RANK 8
#define MAX_ARGS 16
#define F32 11
#define HEAD size_t struct_size; void *extension

typedef struct { uint32_t magic; int code; char text[512]; } Error;

enum { ERROR = 0x4d4f0001, EVENT, CLIENT, DEVICE, LOADED, EXECUTABLE, BUFFER, DEAD = 0x4d4fdead };
enum { LIVE_ERRORS, LIVE_EVENTS, LIVE_CLIENTS, LIVE_LOADED, LIVE_EXECUTABLES, LIVE_BUFFERS, KINDS };

static int live[KINDS];
static int violations;
static char first_violation[256];

static void violation(const char *format, ...) {
  va_list list;
  va_start(list, format);
  if (__atomic_fetch_add(&violations, 1, __ATOMIC_SEQ_CST) == 0) vsnprintf(first_violation, sizeof first_violation, format, list);
  va_end(list);
}

static void count(int kind, int by) { __atomic_add_fetch(&live[kind], by, __ATOMIC_SEQ_CST); }

static Error *error(int code, const char *format, ...) {
  Error *e = calloc(1, sizeof *e);
  e->magic = ERROR;
  e->code = code;
  va_list list;
  va_start(list, format);
  vsnprintf(e->text, sizeof e->text, format, list);
  va_end(list);
  count(LIVE_ERRORS, 1);
  return e;
}

/* Objects are never freed, so that a use after their end can be seen. */
#define ALIVE(object, what) do { \
    if ((object) == NULL || (object)->magic != (what)) { \
      violation("%s: %s is not alive", __func__, #object); \
      return error(13, "mock: %s is not alive", #object); \
    } } while (0)

#define SIZE(a, name, need) do { \
    size_t expected = (need) + (strcmp(MOCK_GROWN, name) == 0 ? 8 : 0); \
    if ((a)->struct_size < expected) \
      return error(3, "Unexpected PJRT_%s size: expected %zu, got %zu. Check installed software versions.", name, expected, (a)->struct_size); \
  } while (0)

/* ---- objects ---- */

typedef struct Client Client;
typedef void (*Callback)(Error *, void *);
typedef struct Memory Memory;

typedef struct Event {
  uint32_t magic;
  pthread_mutex_t lock;
  bool ready;
  int code;
  Callback callback;
  void *user_arg;
  Client *client;
  Memory *source; /* what is copied to the host when the event fires */
  void *target;
  struct Event *next;
} Event;

struct Memory { int refs; char *data; size_t bytes; bool owned, writable; Event *done; };

typedef struct { uint32_t magic; Client *client; int id; } Device;

typedef struct { int op, a, b, type, rank; int64_t dims[MAX_RANK]; } Result;

typedef struct {
  int arguments, results;
  Result result[MAX_ARGS];
  int alias[MAX_ARGS]; /* of an argument: the result that takes its memory, or -1 */
  int types[MAX_ARGS];
  size_t ranks[MAX_ARGS];
  int64_t dims[MAX_ARGS * MAX_RANK];
  int replicas, device;
  bool portable;
  char fingerprint[20];
  char *text;
  size_t text_size;
} Program;

typedef struct { uint32_t magic; Client *client; Program *program; } Executable;
typedef struct { uint32_t magic; Client *client; Program *program; Device *devices[MAX_ARGS]; } Loaded;
typedef struct { uint32_t magic; Device *device; Memory *memory; int type, rank; int64_t dims[MAX_RANK]; bool deleted, failed; } Buffer;

struct Client {
  uint32_t magic;
  int device_count;
  Device *devices;
  Device **device_list;
  char events[16], fail[16], abort[16], version[256];
  int pending; /* events to be fired by threads */
  pthread_mutex_t lock;
  pthread_cond_t idle;
};

static const size_t TYPE_BYTES[] = {0, 1, 1, 2, 4, 8, 1, 2, 4, 8, 2, 4, 8, 2};
static pthread_mutex_t held_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t released = PTHREAD_COND_INITIALIZER;
static Event *held;
static int releases;

static bool fails(Client *c, const char *what) { return strcmp(c->fail, what) == 0; }

static void drop(Memory *m);

static void fire(Event *e) {
  if (e->source != NULL) {
    if (e->code == 0 && e->source->bytes > 0) memcpy(e->target, e->source->data, e->source->bytes);
    drop(e->source);
  }
  pthread_mutex_lock(&e->lock);
  e->ready = true;
  Callback callback = e->callback;
  pthread_mutex_unlock(&e->lock);
  if (callback != NULL) callback(e->code ? error(e->code, "mock: the event failed") : NULL, e->user_arg);
}

static void drop(Memory *m) {
  if (__atomic_sub_fetch(&m->refs, 1, __ATOMIC_SEQ_CST) > 0) return;
  if (m->owned) free(m->data);
  Event *done = m->done;
  free(m);
  if (done != NULL) fire(done);
}

static void *fire_later(void *argument) {
  Event *e = argument;
  Client *c = e->client;
  fire(e);
  pthread_mutex_lock(&c->lock);
  if (--c->pending == 0) pthread_cond_broadcast(&c->idle);
  pthread_mutex_unlock(&c->lock);
  return NULL;
}

static Event *event(Client *c, int code) {
  Event *e = calloc(1, sizeof *e);
  e->magic = EVENT;
  pthread_mutex_init(&e->lock, NULL);
  e->code = code;
  e->client = c;
  count(LIVE_EVENTS, 1);
  return e;
}

static void schedule(Event *e) {
  Client *c = e->client;
  if (strcmp(c->events, "thread") == 0) {
    pthread_mutex_lock(&c->lock);
    c->pending++;
    pthread_mutex_unlock(&c->lock);
    pthread_t thread;
    pthread_create(&thread, NULL, fire_later, e);
    pthread_detach(thread);
  } else if (strcmp(c->events, "held") == 0) {
    pthread_mutex_lock(&held_lock);
    Event **last = &held;
    while (*last != NULL) last = &(*last)->next;
    *last = e;
    pthread_mutex_unlock(&held_lock);
  } else {
    fire(e);
  }
}

/* ---- for the tests ---- */

void mock_release(void) {
  pthread_mutex_lock(&held_lock);
  Event *list = held;
  held = NULL;
  releases++;
  pthread_cond_broadcast(&released);
  pthread_mutex_unlock(&held_lock);
  while (list != NULL) {
    Event *next = list->next;
    fire(list);
    list = next;
  }
}

int mock_live(int kind) { return __atomic_load_n(&live[kind], __ATOMIC_SEQ_CST); }
const char *mock_first_violation(void) { return first_violation; }

/* ---- errors, plugin, events ---- */

typedef struct { HEAD; Error *error; const char *message; size_t message_size; } ErrorArgs;

static void error_destroy(ErrorArgs *a) {
  if (a->error == NULL || a->error->magic != ERROR) { violation("an error is destroyed twice"); return; }
  a->error->magic = DEAD;
  count(LIVE_ERRORS, -1);
}

static void error_message(ErrorArgs *a) {
  a->message = a->error->text;
  a->message_size = strlen(a->error->text);
}

typedef struct { HEAD; Error *error; int code; } ErrorGetCodeArgs;

static Error *error_get_code(ErrorGetCodeArgs *a) {
  a->code = a->error->code;
  return NULL;
}

typedef struct { HEAD; } PluginInitializeArgs;

static Error *plugin_initialize(PluginInitializeArgs *a) {
  SIZE(a, "Plugin_Initialize_Args", 16);
  return NULL;
}

typedef struct {
  HEAD;
  const char *name;
  size_t name_size;
  int type;
  union { const char *text; int64_t number; const int64_t *numbers; float decimal; bool flag; };
  size_t value_size;
} Named;

typedef struct { HEAD; const Named *attributes; size_t count; } PluginAttributesArgs;

static Error *plugin_attributes(PluginAttributesArgs *a) {
  static const int64_t version[] = {1, 2, 3};
  static const Named attributes[] = {
      {sizeof(Named), NULL, "name", 4, 0, {.text = "mock"}, 4},
      {sizeof(Named), NULL, "answer", 6, 1, {.number = 42}, 1},
      {sizeof(Named), NULL, "stablehlo_current_version", 25, 2, {.numbers = version}, 3},
      {sizeof(Named), NULL, "ratio", 5, 3, {.decimal = 0.5f}, 1},
      {sizeof(Named), NULL, "honest", 6, 4, {.flag = true}, 1},
      {sizeof(Named), NULL, "later", 5, 99, {.number = 1}, 1},
  };
  SIZE(a, "Plugin_Attributes_Args", 32);
  a->attributes = attributes;
  a->count = 6;
  return NULL;
}

typedef struct { HEAD; Event *event; } EventDestroyArgs;

static Error *event_destroy(EventDestroyArgs *a) {
  SIZE(a, "Event_Destroy_Args", 24);
  ALIVE(a->event, EVENT);
  a->event->magic = DEAD;
  count(LIVE_EVENTS, -1);
  return NULL;
}

typedef struct { HEAD; Event *event; Callback callback; void *user_arg; } EventOnReadyArgs;

static Error *event_on_ready(EventOnReadyArgs *a) {
  SIZE(a, "Event_OnReady_Args", 40);
  ALIVE(a->event, EVENT);
  Event *e = a->event;
  if (fails(e->client, "on-ready")) return error(13, "mock: no callbacks today");
  pthread_mutex_lock(&e->lock);
  bool ready = e->ready;
  if (!ready) {
    e->callback = a->callback;
    e->user_arg = a->user_arg;
  }
  pthread_mutex_unlock(&e->lock);
  if (ready) a->callback(e->code ? error(e->code, "mock: the event failed") : NULL, a->user_arg);
  return NULL;
}

/* ---- client and devices ---- */

typedef Error *(*CallbackError)(int code, const char *message, size_t size);
typedef struct { HEAD; const char *key; size_t key_size; int timeout; CallbackError *fail; void *arg; char *value; size_t value_size; void (*deleter)(char *); } KvGet;
typedef struct { HEAD; const char *key; size_t key_size; CallbackError *fail; void *arg; char *value; size_t value_size; void (*deleter)(char *); } KvTry;
typedef struct { HEAD; const char *key; size_t key_size; const char *value; size_t value_size; CallbackError *fail; void *arg; } KvPut;
typedef struct {
  HEAD;
  const Named *options;
  size_t count;
  Error *(*get)(KvGet *); void *get_arg;
  Error *(*put)(KvPut *); void *put_arg;
  Client *client;
  Error *(*try_get)(KvTry *); void *try_arg;
} ClientCreate;

static Error *callback_error(int code, const char *message, size_t size) { return error(code, "%.*s", (int) size, message); }
static CallbackError callback_error_pointer = callback_error;

/* Puts this node's name into the store, and collects those of all nodes. */
static Error *meet(ClientCreate *a, Client *c, int64_t node, int64_t of) {
  char key[32], value[32];
  if (a->get == NULL || a->put == NULL || a->try_get == NULL) return error(9, "mock: there is no key-value store");
  KvTry missing = {sizeof missing, NULL, "no such key", 11, &callback_error_pointer, a->try_arg, NULL, 0, NULL};
  Error *absent = a->try_get(&missing);
  if (absent == NULL) return error(13, "mock: a key that nobody put");
  if (absent->code != 5) return absent;
  ErrorArgs destroy = {24, NULL, absent, NULL, 0};
  error_destroy(&destroy);
  snprintf(key, sizeof key, "node/%d", (int) node);
  snprintf(value, sizeof value, "n%d", (int) node);
  KvPut put = {sizeof put, NULL, key, strlen(key), value, strlen(value), &callback_error_pointer, a->put_arg};
  Error *failed = a->put(&put);
  if (failed != NULL) return failed;
  strcpy(c->version, "mock with");
  for (int64_t i = 0; i < of; i++) {
    snprintf(key, sizeof key, "node/%d", (int) i);
    KvGet get = {sizeof get, NULL, key, strlen(key), 30000, &callback_error_pointer, a->get_arg, NULL, 0, NULL};
    failed = a->get(&get);
    if (failed != NULL) return failed;
    size_t used = strlen(c->version);
    snprintf(c->version + used, sizeof c->version - used, " %.*s", (int) get.value_size, get.value);
    if (get.deleter == NULL) violation("a value without a deleter");
    else get.deleter(get.value);
  }
  return NULL;
}

static void text_option(char *target, size_t size, const Named *n) { snprintf(target, size, "%.*s", (int) n->value_size, n->text); }

static Error *client_create(ClientCreate *a) {
  SIZE(a, "Client_Create_Args", 88);
  Client *c = calloc(1, sizeof *c);
  int64_t devices = 4, node = -1, of = 0;
  strcpy(c->version, "mock");
  for (size_t i = 0; i < a->count; i++) {
    const Named *n = &a->options[i];
    if (n->struct_size < sizeof(Named)) return error(3, "Unexpected PJRT_NamedValue size: expected %zu, got %zu", sizeof(Named), n->struct_size);
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int) n->name_size, n->name);
    bool number = n->type == 1, text = n->type == 0;
    if (strcmp(name, "cpu_device_count") == 0 && number) devices = n->number;
    else if (strcmp(name, "events") == 0 && text) text_option(c->events, sizeof c->events, n);
    else if (strcmp(name, "fail") == 0 && text) text_option(c->fail, sizeof c->fail, n);
    else if (strcmp(name, "abort") == 0 && text) text_option(c->abort, sizeof c->abort, n);
    else if (strcmp(name, "kv_node") == 0 && number) node = n->number;
    else if (strcmp(name, "kv_of") == 0 && number) of = n->number;
    /* The answer is in the error: all types of options reach the plugin. */
    else if (strcmp(name, "echo") == 0 && n->type == 2) return error(3, "echo %zu numbers, the last is %d", n->value_size, (int) n->numbers[n->value_size - 1]);
    else if (strcmp(name, "echo") == 0 && n->type == 3) return error(3, "echo %g", n->decimal);
    else if (strcmp(name, "echo") == 0 && n->type == 4) return error(3, "echo %s", n->flag ? "true" : "false");
    else return error(3, "Unexpected option name passed to PJRT_Client_Create: %s", name);
  }
  if (node >= 0) {
    Error *failed = meet(a, c, node, of);
    if (failed != NULL) return failed;
  }
  c->magic = CLIENT;
  pthread_mutex_init(&c->lock, NULL);
  pthread_cond_init(&c->idle, NULL);
  c->device_count = (int) devices;
  c->devices = calloc(devices + 1, sizeof(Device));
  c->device_list = calloc(devices + 1, sizeof(Device *));
  for (int i = 0; i < devices; i++) {
    c->devices[i] = (Device) {DEVICE, c, i};
    c->device_list[i] = &c->devices[i];
  }
  count(LIVE_CLIENTS, 1);
  a->client = c;
  return NULL;
}

typedef struct { HEAD; Client *client; } ClientDestroyArgs;

static Error *client_destroy(ClientDestroyArgs *a) {
  SIZE(a, "Client_Destroy_Args", 24);
  ALIVE(a->client, CLIENT);
  Client *c = a->client;
  mock_release();
  pthread_mutex_lock(&c->lock);
  while (c->pending > 0) pthread_cond_wait(&c->idle, &c->lock);
  pthread_mutex_unlock(&c->lock);
  c->magic = DEAD;
  for (int i = 0; i < c->device_count; i++) c->devices[i].magic = DEAD;
  count(LIVE_CLIENTS, -1);
  return NULL;
}

typedef struct { HEAD; void *object; const char *text; size_t size; } TextArgs;

static Error *client_platform_name(TextArgs *a) {
  ALIVE((Client *) a->object, CLIENT);
  a->text = "mock";
  a->size = 4;
  return NULL;
}

static Error *client_platform_version(TextArgs *a) {
  ALIVE((Client *) a->object, CLIENT);
  a->text = ((Client *) a->object)->version;
  a->size = strlen(a->text);
  return NULL;
}

typedef struct { HEAD; Client *client; Device **devices; size_t count; } ClientDevicesArgs;

static Error *client_devices(ClientDevicesArgs *a) {
  ALIVE(a->client, CLIENT);
  a->devices = a->client->device_list;
  a->count = a->client->device_count;
  return NULL;
}

typedef struct { HEAD; Device *device; int id; } DeviceIdArgs;

static Error *device_id(DeviceIdArgs *a) {
  ALIVE(a->device, DEVICE);
  a->id = a->device->id;
  return NULL;
}

static Error *device_kind(TextArgs *a) {
  ALIVE((Device *) a->object, DEVICE);
  a->text = "mock device";
  a->size = 11;
  return NULL;
}

typedef struct { HEAD; Device *device; Device *description; } DeviceDescriptionArgs;

static Error *device_description(DeviceDescriptionArgs *a) {
  ALIVE(a->device, DEVICE);
  a->description = a->device;
  return NULL;
}

/* ---- programs ---- */

static Error *parse(const char *code, size_t size, Program **out) {
  Program *p = calloc(1, sizeof *p);
  for (int i = 0; i < MAX_ARGS; i++) p->alias[i] = -1;
  p->text = strndup(code, size);
  p->text_size = size;
  char *copy = strdup(p->text), *rest = copy, *line;
  bool ended = false;
  size_t dims = 0;
  while (!ended && (line = strsep(&rest, "\n")) != NULL) {
    char op[16];
    int a, b, used = 0;
    if (strcmp(line, "end") == 0) ended = true;
    else if (sscanf(line, "arguments %d", &p->arguments) == 1) continue;
    else if (sscanf(line, "alias %d %d", &a, &b) == 2) p->alias[a] = b;
    else if (sscanf(line, "result %15s", op) == 1 && p->results < MAX_ARGS) {
      Result *r = &p->result[p->results];
      if (strcmp(op, "add") == 0) sscanf(line, "result add %d %d as %d%n", &r->a, &r->b, &r->type, &used);
      else sscanf(line, "result %*s %d as %d%n", &r->a, &r->type, &used);
      if (used == 0) break;
      r->op = op[0];
      char *shape = line + used, *next;
      for (int64_t d = strtoll(shape, &next, 10); next != shape; d = strtoll(shape, &next, 10)) {
        r->dims[r->rank++] = d;
        p->dims[dims++] = d;
        shape = next;
      }
      p->types[p->results] = r->type;
      p->ranks[p->results++] = r->rank;
    } else break;
  }
  free(copy);
  if (!ended) return error(3, "mock: cannot parse the program");
  uint64_t hash = 14695981039346656037u;
  for (size_t i = 0; i < size; i++) hash = (hash ^ (unsigned char) code[i]) * 1099511628211u;
  snprintf(p->fingerprint, sizeof p->fingerprint, "%016llx", (unsigned long long) hash);
  *out = p;
  return NULL;
}

static uint64_t varint(const unsigned char **at) {
  uint64_t value = 0;
  for (int shift = 0;; shift += 7) {
    unsigned char byte = *(*at)++;
    value |= (uint64_t) (byte & 127) << shift;
    if (byte < 128) return value;
  }
}

/* CompileOptionsProto, as far as needed; depth 0: options, 1: build options, 2: assignment, 3: devices. */
static void read_options(Program *p, const unsigned char *at, size_t size, int depth) {
  const unsigned char *end = at + size;
  while (at < end) {
    uint64_t tag = varint(&at), value = varint(&at);
    int field = (int) (tag >> 3);
    if ((tag & 7) == 2) {
      if (depth == 3 && field == 1) p->device = at[0];
      else if ((depth == 0 && field == 3) || (depth == 1 && field == 9) || (depth == 2 && field == 3)) read_options(p, at, value, depth + 1);
      at += value;
    } else if (depth == 0 && field == 4) p->portable = value != 0;
    else if (depth == 1 && field == 4) p->replicas = (int) value;
  }
}

static Error *loaded(Client *c, Program *p, Loaded **out) {
  if (p->replicas < 1 || p->replicas > c->device_count || p->device >= c->device_count) return error(3, "mock: %d replicas, device %d of %d", p->replicas, p->device, c->device_count);
  Loaded *l = calloc(1, sizeof *l);
  l->magic = LOADED;
  l->client = c;
  l->program = p;
  for (int i = 0; i < p->replicas; i++) l->devices[i] = &c->devices[p->device + i];
  count(LIVE_LOADED, 1);
  *out = l;
  return NULL;
}

/* Needs 60 MiB of stack. */
static void deep(void) {
  volatile char much[60 << 20];
  for (size_t i = sizeof much; i > 4096; i -= 4096) much[i - 1] = 1;
}

typedef struct { HEAD; Client *client; struct { HEAD; const char *code; size_t size; const char *format; size_t format_size; } *program; const unsigned char *options; size_t options_size; Loaded *loaded; } ClientCompileArgs;

static Error *client_compile(ClientCompileArgs *a) {
  SIZE(a, "Client_Compile_Args", 56);
  ALIVE(a->client, CLIENT);
  SIZE(a->program, "Program", 48);
  if (strcmp(a->client->abort, "compile") == 0) { fprintf(stderr, "mock: Check failed: compile\n"); abort(); }
  if (a->options == NULL || a->options_size == 0) { violation("empty compile options"); return error(3, "mock: no options"); }
  if (a->program->format_size != 4 || memcmp(a->program->format, "mlir", 4) != 0) return error(3, "mock: format");
  if (fails(a->client, "compile")) return error(8, "mock: no memory to compile");
  if (fails(a->client, "deep-compile")) deep();
  if (fails(a->client, "hang-compile")) {
    pthread_mutex_lock(&held_lock);
    int before = releases;
    while (releases == before) pthread_cond_wait(&released, &held_lock);
    pthread_mutex_unlock(&held_lock);
  }
  Program *p;
  Error *failed = parse(a->program->code, a->program->size, &p);
  if (failed != NULL) return failed;
  read_options(p, a->options, a->options_size, 0);
  return loaded(a->client, p, &a->loaded);
}

typedef struct { HEAD; Loaded *loaded; } LoadedDestroyArgs;

static Error *loaded_destroy(LoadedDestroyArgs *a) {
  ALIVE(a->loaded, LOADED);
  ALIVE(a->loaded->client, CLIENT);
  a->loaded->magic = DEAD;
  count(LIVE_LOADED, -1);
  return NULL;
}

typedef struct { HEAD; Loaded *loaded; Executable *executable; } LoadedExecutableArgs;

static Error *loaded_executable(LoadedExecutableArgs *a) {
  ALIVE(a->loaded, LOADED);
  Executable *e = calloc(1, sizeof *e);
  e->magic = EXECUTABLE;
  e->client = a->loaded->client;
  e->program = a->loaded->program;
  count(LIVE_EXECUTABLES, 1);
  a->executable = e;
  return NULL;
}

typedef struct { HEAD; Loaded *loaded; Device **devices; size_t count; } LoadedDevicesArgs;

static Error *loaded_devices(LoadedDevicesArgs *a) {
  ALIVE(a->loaded, LOADED);
  a->devices = a->loaded->devices;
  a->count = a->loaded->program->portable ? 0 : a->loaded->program->replicas;
  return NULL;
}

typedef struct { HEAD; Executable *executable; } ExecutableDestroyArgs;

static Error *executable_destroy(ExecutableDestroyArgs *a) {
  ALIVE(a->executable, EXECUTABLE);
  ALIVE(a->executable->client, CLIENT);
  a->executable->magic = DEAD;
  count(LIVE_EXECUTABLES, -1);
  return NULL;
}

typedef struct { HEAD; Executable *executable; size_t count; } ExecutableOutputsArgs;

static Error *executable_outputs(ExecutableOutputsArgs *a) {
  ALIVE(a->executable, EXECUTABLE);
  a->count = a->executable->program->results;
  return NULL;
}

typedef struct { HEAD; Executable *executable; int *types; size_t count; } ExecutableTypesArgs;

static Error *executable_types(ExecutableTypesArgs *a) {
  ALIVE(a->executable, EXECUTABLE);
  a->types = a->executable->program->types;
  a->count = a->executable->program->results;
  return NULL;
}

typedef struct { HEAD; Executable *executable; size_t count; int64_t *dims; size_t *ranks; } ExecutableDimensionsArgs;

static Error *executable_dimensions(ExecutableDimensionsArgs *a) {
  ALIVE(a->executable, EXECUTABLE);
  a->count = a->executable->program->results;
  a->dims = a->executable->program->dims;
  a->ranks = a->executable->program->ranks;
  return NULL;
}

static Error *executable_fingerprint(TextArgs *a) {
  ALIVE((Executable *) a->object, EXECUTABLE);
  a->text = ((Executable *) a->object)->program->fingerprint;
  a->size = strlen(a->text);
  return NULL;
}

typedef struct { HEAD; Executable *executable; char *bytes; size_t size; char *handle; void (*deleter)(void *); } ExecutableSerializeArgs;

static Error *executable_serialize(ExecutableSerializeArgs *a) {
  ALIVE(a->executable, EXECUTABLE);
  Program *p = a->executable->program;
  a->size = 8 + p->text_size;
  a->bytes = a->handle = malloc(a->size);
  memcpy(a->bytes, (char[8]) {'m', 'o', 'c', 'k', (char) p->replicas, (char) p->device, p->portable, (char) p->text_size}, 8);
  memcpy(a->bytes + 8, p->text, p->text_size);
  a->deleter = free;
  return NULL;
}

typedef struct { HEAD; Client *client; const char *bytes; size_t size; Loaded *loaded; } ExecutableLoadArgs;

static Error *executable_load(ExecutableLoadArgs *a) {
  SIZE(a, "Executable_DeserializeAndLoad_Args", MOCK_MINOR < 105 ? 64 : 72);
  ALIVE(a->client, CLIENT);
  if (a->size < 8 || memcmp(a->bytes, "mock", 4) != 0 || (char) (a->size - 8) != a->bytes[7]) return error(15, "mock: damaged executable");
  Program *p;
  Error *failed = parse(a->bytes + 8, a->size - 8, &p);
  if (failed != NULL) return failed;
  p->replicas = a->bytes[4];
  p->device = a->bytes[5];
  p->portable = a->bytes[6];
  return loaded(a->client, p, &a->loaded);
}

/* ---- buffers ---- */

static Buffer *buffer(Device *device, Memory *memory, int type, int rank, const int64_t *dims) {
  Buffer *b = calloc(1, sizeof *b);
  b->magic = BUFFER;
  b->device = device;
  b->memory = memory;
  b->type = type;
  b->rank = rank;
  if (rank > 0) memcpy(b->dims, dims, rank * sizeof *dims);
  count(LIVE_BUFFERS, 1);
  return b;
}

static size_t bytes_of(int type, int rank, const int64_t *dims) {
  size_t bytes = TYPE_BYTES[type];
  for (int i = 0; i < rank; i++) bytes *= dims[i];
  return bytes;
}

static Memory *memory(size_t bytes, const void *content) {
  Memory *m = calloc(1, sizeof *m);
  m->refs = 1;
  m->bytes = bytes;
  m->owned = true;
  m->writable = true;
  m->data = aligned_alloc(64, (bytes + 64) / 64 * 64);
  if (content != NULL && bytes > 0) memcpy(m->data, content, bytes);
  return m;
}

typedef struct { HEAD; Client *client; const void *data; int type; const int64_t *dims; size_t rank; const int64_t *strides; size_t stride_count; int semantics; Device *device; void *memory, *layout; Event *done; Buffer *buffer; } BufferFromHostArgs;

static Error *buffer_from_host(BufferFromHostArgs *a) {
  SIZE(a, "Client_BufferFromHostBuffer_Args", 120);
  ALIVE(a->client, CLIENT);
  ALIVE(a->device, DEVICE);
  if (a->data == NULL || a->type < 1 || a->type > 13 || a->rank > MAX_RANK || a->device->client != a->client) { violation("upload: bad arguments"); return error(3, "mock: bad arguments"); }
  if (fails(a->client, "upload")) return error(8, "mock: no memory for the upload");
  size_t bytes = bytes_of(a->type, (int) a->rank, a->dims);
  a->done = event(a->client, fails(a->client, "upload-event") ? 14 : 0);
  Memory *m;
  if (a->semantics >= 2 && (uintptr_t) a->data % 64 == 0) {
    m = calloc(1, sizeof *m);
    *m = (Memory) {1, (char *) a->data, bytes, false, a->semantics == 3, a->done};
  } else {
    if (a->semantics >= 2) violation("upload: zero copy of unaligned memory");
    m = memory(bytes, a->data);
    schedule(a->done);
  }
  a->buffer = buffer(a->device, m, a->type, (int) a->rank, a->dims);
  return NULL;
}

typedef struct { HEAD; Buffer *buffer; } BufferDestroyArgs;

static Error *buffer_destroy(BufferDestroyArgs *a) {
  SIZE(a, "Buffer_Destroy_Args", 24);
  ALIVE(a->buffer, BUFFER);
  ALIVE(a->buffer->device->client, CLIENT);
  a->buffer->magic = DEAD;
  count(LIVE_BUFFERS, -1);
  if (!a->buffer->deleted) drop(a->buffer->memory);
  return NULL;
}

typedef struct { HEAD; Buffer *buffer; bool deleted; } BufferIsDeletedArgs;

static Error *buffer_is_deleted(BufferIsDeletedArgs *a) {
  ALIVE(a->buffer, BUFFER);
  a->deleted = a->buffer->deleted;
  return NULL;
}

typedef struct { HEAD; struct { HEAD; const int64_t *minor_to_major; size_t count; const int64_t *tile_dims; const size_t *tile_sizes; size_t tiles; } tiled; int type; } Layout;

typedef struct { HEAD; Buffer *buffer; Layout *layout; void *target; size_t size; Event *event; } BufferToHostArgs;

static Error *buffer_to_host(BufferToHostArgs *a) {
  SIZE(a, "Buffer_ToHostBuffer_Args", 56);
  ALIVE(a->buffer, BUFFER);
  Buffer *b = a->buffer;
  if (b->deleted) { violation("a deleted buffer is read"); return error(3, "mock: deleted"); }
  if (a->target == NULL || a->size != b->memory->bytes) { violation("read: bad target"); return error(3, "mock: bad target"); }
  if (a->layout != NULL) {
    SIZE(a->layout, "Buffer_MemoryLayout", 76);
    bool row_major = a->layout->type == 0 && a->layout->tiled.struct_size >= 56 && a->layout->tiled.tiles == 0 && (int) a->layout->tiled.count == b->rank;
    for (int i = 0; row_major && i < b->rank; i++) row_major = a->layout->tiled.minor_to_major[i] == b->rank - 1 - i;
    if (!row_major) violation("read: not row-major");
  }
  a->event = event(b->device->client, b->failed || fails(b->device->client, "read") ? 13 : 0);
  __atomic_add_fetch(&b->memory->refs, 1, __ATOMIC_SEQ_CST);
  a->event->source = b->memory;
  a->event->target = a->target;
  schedule(a->event);
  return NULL;
}

typedef struct { HEAD; Buffer *buffer; uintptr_t address; } BufferPointerArgs;

static Error *buffer_pointer(BufferPointerArgs *a) {
  ALIVE(a->buffer, BUFFER);
  a->address = (uintptr_t) a->buffer->memory->data;
  return NULL;
}

/* ---- execution ---- */

typedef struct { HEAD; void *callbacks[4]; int launch_id; const int64_t *kept; size_t kept_count; char rest[48]; unsigned char strict; } ExecuteOptions;
typedef struct { HEAD; Loaded *loaded; ExecuteOptions *options; Buffer ***arguments; size_t devices, args; Buffer ***outputs; Event **events; Device *device; } Execute;

static void compute(const Result *r, Execute *a, size_t row, char *out, size_t bytes) {
  const float *x = (const float *) a->arguments[row][r->a]->memory->data;
  float *y = (float *) out;
  size_t n = bytes / sizeof(float);
  if (r->op == 'c') memcpy(out, x, bytes);
  else if (r->op == 'a' && a->devices == 1) {
    const float *z = (const float *) a->arguments[row][r->b]->memory->data;
    for (size_t i = 0; i < n; i++) y[i] = x[i] + z[i];
  } else if (r->op == 'a') {
    for (size_t i = 0; i < n; i++) y[i] = 0;
    for (size_t d = 0; d < a->devices; d++)
      for (size_t i = 0; i < n; i++) y[i] += ((const float *) a->arguments[d][r->a]->memory->data)[i];
  } else {
    for (int64_t i = 0; i < r->dims[0]; i++)
      for (int64_t j = 0; j < r->dims[1]; j++) y[i * r->dims[1] + j] = x[j * r->dims[0] + i];
  }
}

static bool kept(ExecuteOptions *o, int argument) {
  for (size_t i = 0; i < o->kept_count; i++) if (o->kept[i] == argument) return true;
  return false;
}

static Error *execute(Execute *a) {
  SIZE(a, "LoadedExecutable_Execute_Args", 80);
  ALIVE(a->loaded, LOADED);
  SIZE(a->options, "ExecuteOptions", MOCK_MINOR < 105 ? 112 : 144);
  Client *c = a->loaded->client;
  Program *p = a->loaded->program;
  if (strcmp(c->abort, "execute") == 0) { fprintf(stderr, "mock: Check failed: execute\n"); abort(); }
  if (fails(c, "execute")) return error(8, "mock: no memory to run");
  if (MOCK_MINOR >= 105 && !a->options->strict) violation("execute: strict is not set");
  if ((int) a->devices != p->replicas || (int) a->args != p->arguments) { violation("execute: counts"); return error(3, "mock: counts"); }
  for (size_t row = 0; row < a->devices; row++) {
    Device *device = p->portable ? a->device : a->loaded->devices[row];
    for (int i = 0; i < p->arguments; i++) {
      Buffer *b = a->arguments[row][i];
      ALIVE(b, BUFFER);
      if (b->deleted || b->device != device) { violation("execute: argument %d", i); return error(3, "mock: argument %d", i); }
    }
  }
  bool failing = fails(c, "event");
  for (size_t row = 0; row < a->devices; row++) {
    Device *device = p->portable ? a->device : a->loaded->devices[row];
    for (int k = 0; k < p->results; k++) {
      Result *r = &p->result[k];
      size_t bytes = bytes_of(r->type, r->rank, r->dims);
      Memory *m = memory(bytes, NULL);
      compute(r, a, row, m->data, bytes);
      a->outputs[row][k] = buffer(device, m, r->type, r->rank, r->dims);
      a->outputs[row][k]->failed = failing;
    }
    for (int i = 0; i < p->arguments; i++) {
      if (p->alias[i] < 0 || kept(a->options, i)) continue;
      Buffer *b = a->arguments[row][i], *result = a->outputs[row][p->alias[i]];
      if (b->memory->writable) {
        memcpy(b->memory->data, result->memory->data, result->memory->bytes);
        drop(result->memory);
        result->memory = b->memory;
      } else drop(b->memory);
      b->deleted = true;
    }
    a->events[row] = event(c, failing ? 13 : 0);
    schedule(a->events[row]);
  }
  return NULL;
}

static Error *unimplemented(void *a) {
  (void) a;
  return error(12, "mock: not implemented");
}

static struct { HEAD; size_t version_size; void *version_extension; int major, minor; void *slots[MOCK_SLOTS]; } api;

void *MOCK_ENTRY(void) {
  static const struct { int slot; void *function; } functions[] = {
      {0, error_destroy}, {1, error_message}, {2, error_get_code}, {3, plugin_initialize}, {4, plugin_attributes},
      {5, event_destroy}, {9, event_on_ready}, {10, client_create}, {11, client_destroy}, {12, client_platform_name},
      {14, client_platform_version}, {16, client_devices}, {20, client_compile}, {22, buffer_from_host}, {23, device_id},
      {26, device_kind}, {29, device_description}, {40, executable_destroy}, {44, executable_outputs}, {49, executable_serialize},
      {50, loaded_destroy}, {51, loaded_executable}, {52, loaded_devices}, {55, execute}, {56, executable_load},
      {58, buffer_destroy}, {68, buffer_is_deleted}, {70, buffer_to_host}, {73, buffer_pointer}, {90, executable_types},
      {91, executable_dimensions}, {94, executable_fingerprint}};
  api.struct_size = 40 + 8 * MOCK_SLOTS;
  api.version_size = 24;
  api.major = MOCK_MAJOR;
  api.minor = MOCK_MINOR;
  for (int i = 0; i < MOCK_SLOTS; i++) api.slots[i] = unimplemented;
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) if (functions[i].slot < MOCK_SLOTS) api.slots[functions[i].slot] = functions[i].function;
  return &api;
}
