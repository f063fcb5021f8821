/*
 * The program of a pod's sandbox container: no libc, one static file, also called into the running sandbox.
 *
 *   sandbox                             holds the pod's namespaces, reaps orphans, ends at SIGTERM or SIGINT
 *   sandbox connect PORT [ADDRESS]      joins stdin and stdout with a TCP port: 127.0.0.1, then ::1, or the IPv4 address
 *   sandbox subpath ROOT PATH           makes the folder ROOT/PATH where absent, with the mode of ROOT, and prints its real path
 *                                       below ROOT
 *   sandbox kind PATH                   prints what a path is: folder, file, socket, block, character or other
 *   sandbox publish ROOT NEW [STALE…]   lets ROOT/..data point to NEW in one step; removes the one before, and ROOT/STALE
 *
 * connect writes one byte 0 on stdout when it is connected. Whatever fails is said on stderr, with exit code 1.
 * Built by build.sh into program.ts.
 */
typedef unsigned long word;
typedef long sword;

#if defined(__x86_64__)
enum { SYS_read = 0, SYS_write = 1, SYS_close = 3, SYS_ppoll = 271, SYS_socket = 41, SYS_connect = 42, SYS_shutdown = 48, SYS_wait4 = 61, SYS_exit = 231,
       SYS_getdents64 = 217, SYS_openat = 257, SYS_mkdirat = 258, SYS_unlinkat = 263, SYS_renameat = 264, SYS_symlinkat = 266, SYS_readlinkat = 267,
       SYS_rt_sigprocmask = 14, SYS_rt_sigtimedwait = 128, SYS_openat2 = 437, SYS_setsockopt = 54, SYS_statx = 332, SYS_umask = 95 };
static sword call(word n, word a, word b, word c, word d, word e) {
  sword result;
  register word r10 __asm__("r10") = d;
  register word r8 __asm__("r8") = e;
  __asm__ volatile("syscall" : "=a"(result) : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8) : "rcx", "r11", "memory");
  return result;
}
__asm__(".globl _start\n_start:\n mov %rsp,%rdi\n and $-16,%rsp\n call run\n");
enum { O_DIRECTORY = 0200000, O_NOFOLLOW = 0400000 };
#elif defined(__aarch64__)
enum { SYS_read = 63, SYS_write = 64, SYS_close = 57, SYS_ppoll = 73, SYS_socket = 198, SYS_connect = 203, SYS_shutdown = 210, SYS_wait4 = 260, SYS_exit = 94,
       SYS_getdents64 = 61, SYS_openat = 56, SYS_mkdirat = 34, SYS_unlinkat = 35, SYS_renameat = 38, SYS_symlinkat = 36, SYS_readlinkat = 78,
       SYS_rt_sigprocmask = 135, SYS_rt_sigtimedwait = 137, SYS_openat2 = 437, SYS_setsockopt = 208, SYS_statx = 291, SYS_umask = 166 };
static sword call(word n, word a, word b, word c, word d, word e) {
  register word x8 __asm__("x8") = n;
  register word x0 __asm__("x0") = a;
  register word x1 __asm__("x1") = b;
  register word x2 __asm__("x2") = c;
  register word x3 __asm__("x3") = d;
  register word x4 __asm__("x4") = e;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
  return (sword)x0;
}
__asm__(".globl _start\n_start:\n mov x0, sp\n bl run\n");
enum { O_DIRECTORY = 040000, O_NOFOLLOW = 0100000 };
#else
#error "no such architecture"
#endif

enum { AT_FDCWD = -100, AT_REMOVEDIR = 0x200, O_CLOEXEC = 02000000, O_PATH = 010000000, RESOLVE_NO_MAGICLINKS = 2, RESOLVE_BENEATH = 8 };
enum { ENOENT = 2, EINTR = 4, EEXIST = 17, ENOSYS = 38, EPERM = 1, ECONNREFUSED = 111 };
enum { SIGINT = 2, SIGTERM = 15, SIGCHLD = 17, POLLIN = 1, POLLERR = 8, POLLHUP = 16 };

static word length(const char *text) { word n = 0; while (text[n]) n++; return n; }
static int same(const char *a, const char *b) { while (*a && *a == *b) a++, b++; return *a == *b; }
static void finish(int code) { for (;;) call(SYS_exit, code, 0, 0, 0, 0); }
static void say(int fd, const char *text) { call(SYS_write, fd, (word)text, length(text), 0, 0); }

static void fail(const char *what, sword error) {
  char digits[24];
  int at = sizeof digits - 1;
  digits[at] = 0;
  for (error = -error; at == sizeof digits - 1 || error > 0; error /= 10) digits[--at] = '0' + error % 10;
  say(2, what);
  say(2, error == 0 ? ": errno " : "");
  say(2, digits + at);
  say(2, "\n");
  finish(1);
}

/* GCC emits calls to these two. */
void *memset(void *to, int value, word count) { char *p = to; while (count--) *p++ = value; return to; }
void *memcpy(void *to, const void *from, word count) { char *p = to; const char *q = from; while (count--) *p++ = *q++; return to; }

static void hold(void) {
  word set = 1ul << (SIGINT - 1) | 1ul << (SIGTERM - 1) | 1ul << (SIGCHLD - 1);
  call(SYS_rt_sigprocmask, 0, (word)&set, 0, 8, 0);
  for (;;) {
    sword signal = call(SYS_rt_sigtimedwait, (word)&set, 0, 0, 8, 0);
    if (signal == SIGINT || signal == SIGTERM) finish(0);
    while (call(SYS_wait4, -1, 0, 1, 0, 0) > 0);
  }
}

struct pollfd { int fd; short events, revents; };

/* One direction: all that one read gave. Zero or less: the end of it. */
static sword copy(int from, int to) {
  static char buffer[65536];
  sword got = call(SYS_read, from, (word)buffer, sizeof buffer, 0, 0);
  for (sword done = 0; done < got;) {
    sword put = call(SYS_write, to, (word)(buffer + done), got - done, 0, 0);
    if (put == -EINTR) continue;
    if (put <= 0) return put - 1;
    done += put;
  }
  return got == -EINTR ? 1 : got;
}

static int dial(int family, const void *address, word size) {
  sword fd = call(SYS_socket, family, 1 | O_CLOEXEC, 0, 0, 0);
  if (fd < 0) return fd;
  sword error = call(SYS_connect, fd, (word)address, size, 0, 0);
  if (error < 0) { call(SYS_close, fd, 0, 0, 0, 0); return error; }
  int one = 1;
  call(SYS_setsockopt, fd, 6, 1, (word)&one, sizeof one);
  return fd;
}

static void join(const char *port_text, const char *address) {
  unsigned port = 0;
  unsigned char four[16] = {2, 0, 0, 0, 127, 0, 0, 1}, six[28] = {10};
  while (*port_text >= '0' && *port_text <= '9') port = port * 10 + (*port_text++ - '0');
  four[2] = six[2] = port >> 8;
  four[3] = six[3] = port;
  six[23] = 1;
  if (address) {
    for (int part = 4; part < 8; part++) {
      unsigned value = 0;
      while (*address >= '0' && *address <= '9') value = value * 10 + (*address++ - '0');
      if (*address == '.') address++;
      four[part] = value;
    }
  }
  int fd = dial(2, four, sizeof four);
  if (fd < 0 && !address) { int other = dial(10, six, sizeof six); if (other >= 0) fd = other; }
  if (fd < 0) fail(fd == -ECONNREFUSED ? "connection refused" : "cannot connect", fd);
  call(SYS_write, 1, (word)"", 1, 0, 0);
  struct pollfd sides[2] = {{0, POLLIN, 0}, {fd, POLLIN, 0}};
  for (;;) {
    sword ready = call(SYS_ppoll, (word)sides, 2, 0, 0, 8);
    if (ready == -EINTR) continue;
    if (ready < 0) fail("poll", ready);
    if (sides[1].revents && copy(fd, 1) <= 0) finish(0);
    if (sides[0].revents && copy(0, fd) <= 0) { call(SYS_shutdown, fd, 1, 0, 0, 0); sides[0].fd = -1; sides[0].revents = 0; }
  }
}

struct how { word flags, mode, resolve; };

static sword beneath(int root, const char *path) {
  struct how how = {O_PATH | O_CLOEXEC, 0, RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
  return call(SYS_openat2, root, (word)path, (word)&how, sizeof how, 0);
}

static sword folder(const char *path) { return call(SYS_openat, AT_FDCWD, (word)path, O_DIRECTORY | O_CLOEXEC, 0, 0); }

static void real_path(int fd, char *into, word size) {
  char link[32] = "/proc/self/fd/";
  int at = 14, digits = fd >= 100 ? 100 : fd >= 10 ? 10 : 1;
  for (; digits; digits /= 10) link[at++] = '0' + fd / digits % 10;
  link[at] = 0;
  sword got = call(SYS_readlinkat, AT_FDCWD, (word)link, (word)into, size - 1, 0);
  if (got < 0) fail("cannot tell the real path", got);
  into[got] = 0;
}

/* The 16 bits at offset 28 of struct statx. */
static unsigned mode_of(const char *path) {
  union { unsigned char bytes[256]; unsigned short halves[128]; } facts;
  sword error = call(SYS_statx, AT_FDCWD, (word)path, 0, 1, (word)&facts);
  if (error < 0) fail("cannot be looked at", error);
  return facts.halves[14];
}

static void subpath(const char *root_path, char *path) {
  static char root_real[4096], real[4096];
  sword root = folder(root_path);
  if (root < 0) fail("the volume cannot be opened", root);
  sword found = beneath(root, path);
  if (found == -ENOENT) {
    unsigned mode = mode_of(root_path) & 01777;
    call(SYS_umask, 0, 0, 0, 0, 0);
    /* Folder after folder, each below a parent that is known to be inside. */
    for (char *at = path; ; at++) {
      if (*at != '/' && *at) continue;
      char kept = *at;
      *at = 0;
      sword step = beneath(root, path);
      if (step == -ENOENT) {
        char *name = at;
        while (name > path && name[-1] != '/') name--;
        char *slash = name > path ? name - 1 : 0;
        if (slash) *slash = 0;
        sword parent = slash ? beneath(root, path) : root;
        if (slash) *slash = '/';
        if (parent < 0) fail("the folder above cannot be opened", parent);
        sword made = call(SYS_mkdirat, parent, (word)name, mode, 0, 0);
        if (made < 0 && made != -EEXIST) fail("the folder cannot be made", made);
        step = beneath(root, path);
      }
      if (step < 0) fail("the path leads out of its volume or cannot be opened", step);
      *at = kept;
      if (!kept) { found = step; break; }
    }
  }
  if (found == -ENOSYS) fail("this kernel cannot resolve a path inside a folder", found);
  if (found < 0) fail("the path leads out of its volume or cannot be opened", found);
  real_path(root, root_real, sizeof root_real);
  real_path(found, real, sizeof real);
  say(1, real + length(root_real));
}

struct entry { word inode; sword offset; unsigned short size; unsigned char kind; char name[]; };

static void remove_tree(int parent, const char *name, int depth) {
  if (call(SYS_unlinkat, parent, (word)name, 0, 0, 0) >= 0 || depth > 64) return;
  sword fd = call(SYS_openat, parent, (word)name, O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0, 0);
  if (fd < 0) return;
  char buffer[2048];
  for (sword got; (got = call(SYS_getdents64, fd, (word)buffer, sizeof buffer, 0, 0)) > 0;) {
    for (sword at = 0; at < got;) {
      struct entry *one = (struct entry *)(buffer + at);
      if (!same(one->name, ".") && !same(one->name, "..")) remove_tree(fd, one->name, depth + 1);
      at += one->size;
    }
  }
  call(SYS_close, fd, 0, 0, 0, 0);
  call(SYS_unlinkat, parent, (word)name, AT_REMOVEDIR, 0, 0);
}

static void publish(const char *root_path, const char *name, char **stale) {
  static char before[4096];
  sword root = folder(root_path);
  if (root < 0) fail("the volume cannot be opened", root);
  sword got = call(SYS_readlinkat, root, (word)"..data", (word)before, sizeof before - 1, 0);
  before[got > 0 ? got : 0] = 0;
  call(SYS_unlinkat, root, (word)"..data_tmp", 0, 0, 0);
  sword error = call(SYS_symlinkat, (word)name, root, (word)"..data_tmp", 0, 0);
  if (error >= 0) error = call(SYS_renameat, root, (word)"..data_tmp", root, (word)"..data", 0);
  if (error < 0) fail("the new files cannot be put in place", error);
  for (; *stale; stale++) call(SYS_unlinkat, root, (word)*stale, 0, 0, 0);
  if (got > 0 && !same(before, name)) remove_tree(root, before, 0);
}

static void kind(const char *path) {
  switch (mode_of(path) >> 12) {
    case 4: say(1, "folder"); break;
    case 8: say(1, "file"); break;
    case 12: say(1, "socket"); break;
    case 6: say(1, "block"); break;
    case 2: say(1, "character"); break;
    default: say(1, "other");
  }
}

__attribute__((used)) void run(word *stack) {
  word count = stack[0];
  char **words = (char **)(stack + 1);
  if (count < 2) hold();
  else if (same(words[1], "connect") && count >= 3) join(words[2], count > 3 ? words[3] : 0);
  else if (same(words[1], "subpath") && count == 4) subpath(words[2], words[3]);
  else if (same(words[1], "kind") && count == 3) kind(words[2]);
  else if (same(words[1], "publish") && count >= 4) publish(words[2], words[3], words + 4);
  else fail("no such command", -EPERM);
  finish(0);
}
